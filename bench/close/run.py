"""Measures the close: of a whole history against DuckDB, then of one more day after it, and of a late payment."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

import measure
import report
from answer import answer, say
from days import Closed, Days
from history import History, Tools, WrongBooks
from packages import PeerMissing, provide_python, versions
from places import build_of, cache_folder, machine
from postgres import PostgresError, Server

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
PARTS = ("daybook", "duckdb", "days")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH", help="the program to measure")
    parser.add_argument("--assemble", type=Path, metavar="PATH",
                        help="what closes a history from its dump [default: examples/assemble beside it]")
    parser.add_argument("--orders-a-day", type=int, default=82_192, help="[default: %(default)s]")
    parser.add_argument("--days", type=int, default=365, help="of the history [default: %(default)s]")
    parser.add_argument("--shorter", type=int, nargs="*", default=[10, 36], metavar="DAYS",
                        help="histories after which one more day is closed, too [default: %(default)s]")
    parser.add_argument("--memory-mib", type=int, default=6144, help="for either [default: %(default)s]")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART",
                        help="of: %(choices)s; an earlier run's books are taken for what is left out")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


def backfill(history: History, only: list[str]) -> dict[str, object]:
    """Each one's seconds by step, in all, and its memory."""
    runs = {}
    if "daybook" in only:
        say(f"{history.days} days: Daybook")
        runs["daybook"] = of_run(history.build())
    if "duckdb" in only:
        say(f"{history.days} days: DuckDB")
        runs["duckdb"] = of_run(history.build_by_duckdb())
        history.compare()
        say("every table holds the same rows")
    return runs


def of_run(run: measure.Measured) -> dict[str, object]:
    lines = [json.loads(line) for line in run.output.splitlines() if line.startswith("{")]
    steps = {line["name"]: line["seconds"] for line in lines if "seconds" in line}
    return {"seconds": run.seconds, "peak_mib": run.peak_mib, "steps": steps}


def days_after(server: Server, history: History) -> dict[str, Closed]:
    days = Days(server, history)
    days.prepare()
    closed = {"one more day": days.ordinary()}
    if history.days > days.LATE_BY:
        closed[f"a payment {days.LATE_BY} days late"] = days.late_payment()
    for name, close in closed.items():
        say(f"{history.days} days, {name}: {close.seconds:.2f} s")
    return closed


def bench(options: argparse.Namespace) -> dict[str, object]:
    program = options.daybook.resolve()
    tools = Tools(daybook=program, assemble=(options.assemble or program.parent / "examples/assemble").resolve(),
                  python=provide_python("close-peers", REQUIREMENTS), memory_mib=options.memory_mib)
    say("generating or finding the histories")
    histories = [History(tools, options.orders_a_day, days, cache_folder() / "close")
                 for days in (*options.shorter, options.days)]
    filled = backfill(histories[-1], options.only)
    after = {}
    if "days" in options.only:
        if "daybook" in options.only:
            for history in histories[:-1]:
                history.build()
        with Server() as server:
            for history in histories:
                after[history.days] = {name: asdict(closed) for name, closed in days_after(server, history).items()}
    return {
        "machine": machine(),
        "build": build_of(program),
        "peers": versions(REQUIREMENTS),
        "orders_a_day": options.orders_a_day,
        "days": options.days,
        "memory_mib": options.memory_mib,
        "backfill": filled,
        "after": after,
    }


def main() -> int:
    failures = (measure.CommandFailed, WrongBooks, PostgresError, PeerMissing)
    return answer("close", arguments(), bench, report.table, failures)


if __name__ == "__main__":
    sys.exit(main())
