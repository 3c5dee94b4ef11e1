"""Validates OpenLineage events, one a line, and the facets in them; prints the kinds of facets that it saw."""

import json
import sys
from pathlib import Path

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

CORE = "https://openlineage.io/spec/2-0-2/OpenLineage.json"


def facets(event):
    places = [event["run"].get("facets", {}), event["job"].get("facets", {})]
    for dataset in event.get("inputs", []) + event.get("outputs", []):
        places += [dataset.get(kind, {}) for kind in ("facets", "inputFacets", "outputFacets")]
    for place in places:
        yield from place.items()


schemas = [json.loads(file.read_text()) for file in Path(sys.argv[1]).rglob("*.json")]
registry = Registry().with_resources([(schema["$id"], Resource.from_contents(schema)) for schema in schemas])


def validate(document, schema):
    validator = Draft202012Validator({"$ref": schema}, registry=registry, format_checker=FormatChecker())
    for error in validator.iter_errors(document):
        sys.exit(print(f"{error.json_path}: {error.message}") or 1)


kinds = set()
for line in Path(sys.argv[2]).read_text().splitlines():
    event = json.loads(line)
    validate(event, CORE)
    for kind, facet in facets(event):
        # a version that was never published resolves to nothing, which is an error
        validate(facet, facet["_schemaURL"])
        kinds.add(kind)
print(*sorted(kinds))
