"""Measures the dump: 10 million order lines out of PostgreSQL to Parquet, by Daybook, DuckDB and ConnectorX."""

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

import measure  # noqa: E402
from answer import answer, say  # noqa: E402
from packages import PeerMissing, provide_python, versions  # noqa: E402
from places import cache_folder, machine  # noqa: E402
from postgres import PostgresError, Server  # noqa: E402

import shop  # noqa: E402
import summary  # noqa: E402
from contenders import ConnectorX, Contender, Daybook, DuckDb  # noqa: E402

NAMES = ("daybook", "duckdb", "connectorx")
DATABASE = "bench"
REQUIREMENTS = Path(__file__).parent / "requirements.txt"


class WrongContent(Exception):
    """A contender ended well, but its files do not hold what the tables do."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dump", type=Path, required=True, metavar="PATH", help="the program that runs the dump")
    parser.add_argument("--rows", type=int, default=10_000_000, help="how many lines [default: %(default)s]")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each contender [default: %(default)s]")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help="of: %(choices)s")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


def run_once(contender: Contender, task: str, work: Path) -> measure.Measured:
    """Dumps into a fresh folder, which stays for the check."""
    shutil.rmtree(work, ignore_errors=True)
    folder = work / "dump"
    folder.mkdir(parents=True)
    measured = measure.run(contender.command(task, folder), contender.environment(), work / "dump.log")
    say(f"{contender.name} {task}: {measured.seconds:.2f} s, {measured.peak_mib:.0f} MiB")
    return measured


def content(python: Path, contender: Contender, task: str, work: Path) -> dict[str, object]:
    """What the files hold, read by DuckDB."""
    folder = work / "dump"
    orders = contender.files("orders", folder) if task == "shop" else "-"
    command = [python, Path(__file__).parent / "check.py", orders, contender.files("order_lines", folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise WrongContent(f"{contender.name} {task}: the files cannot be read\n{done.stderr}")
    return json.loads(done.stdout)


def check(found: dict[str, object], seen: dict[str, object], totals: shop.Totals, who: str) -> None:
    """Fails unless `found` is what the tables hold, and what everybody else had found in them."""
    expected = [totals.lines, totals.quantity, totals.revenue]
    if found["lines"][:3] != expected:
        raise WrongContent(f"{who}: lines, quantity, revenue should be {expected}, but are {found['lines'][:3]}")
    for name, value in found.items():
        if seen.setdefault(name, value) != value:
            raise WrongContent(f"{who}: {name} should be {seen[name]}, but are {value}")


def compare(contenders: list[Contender], python: Path, totals: shop.Totals, repeats: int) -> list[summary.Runs]:
    """All runs of all contenders at all their tasks; the order turns around with each round."""
    everything = [(contender, task) for contender in contenders for task in contender.tasks]
    runs = {(contender.name, task): [] for contender, task in everything}
    seen: dict[str, object] = {}
    work = cache_folder() / "run" / "dump"
    for number in range(repeats):
        for contender, task in everything if number % 2 == 0 else reversed(everything):
            runs[contender.name, task].append(run_once(contender, task, work))
            check(content(python, contender, task, work), seen, totals, f"{contender.name} {task}")
    shutil.rmtree(work, ignore_errors=True)
    return [summary.Runs(name, task, measured) for (name, task), measured in runs.items()]


def bench(options: argparse.Namespace) -> dict[str, object]:
    python = provide_python("dump-peers", REQUIREMENTS)
    with Server() as server:
        say("filling the tables")
        totals = shop.provide(server, DATABASE, options.rows)
        programs = {Daybook: options.dump.resolve(), DuckDb: python, ConnectorX: python}
        contenders = [kind(server, DATABASE, program) for kind, program in programs.items() if kind.name in options.only]
        return {
            "machine": machine(),
            "postgresql": server.version(),
            "peers": versions(REQUIREMENTS),
            "data": asdict(totals),
            "contenders": summary.rows(compare(contenders, python, totals, options.repeats), totals),
        }


def main() -> int:
    failures = (measure.CommandFailed, WrongContent, PostgresError, PeerMissing)
    return answer("dump", arguments(), bench, summary.table, failures)


if __name__ == "__main__":
    sys.exit(main())
