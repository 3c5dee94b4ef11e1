# Reads a JSON list of statements in Snowflake's SQL; prints a JSON list of what cannot be parsed of each.
import json
import sys

from sqlfluff.core import FluffConfig, Linter

LINTER = Linter(config=FluffConfig(overrides={"dialect": "snowflake", "templater": "raw"}))


def problems(statement):
    return [violation.desc() for violation in LINTER.parse_string(statement).violations]


json.dump([problems(statement) for statement in json.load(sys.stdin)], sys.stdout)
