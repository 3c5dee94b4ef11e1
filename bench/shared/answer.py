"""How a benchmark speaks: messages on standard error, its answer on standard output."""

import argparse
import json
import sys
from collections.abc import Callable

from places import cache_folder

Result = dict[str, object]


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def answer(
    name: str,
    options: argparse.Namespace,
    bench: Callable[[argparse.Namespace], Result],
    table: Callable[[Result], str],
    failures: tuple[type[Exception], ...],
) -> int:
    """Runs `bench` and shows what it found as `options.format` asks, also in a file; gives the exit code."""
    try:
        result = bench(options)
    except failures as error:
        say(f"FAILED: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    text = json.dumps(result, indent=2)
    written = cache_folder() / f"{name}.json"
    written.write_text(text + "\n")
    print(text if options.format == "json" else table(result))
    say(f"also in {written}")
    return 0
