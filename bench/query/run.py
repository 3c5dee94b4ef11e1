"""Measures the usual questions on a year's books, against DuckDB on the same files."""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parent / "shared"), str(HERE.parent / "close")]

import measure
import report
from answer import answer, say
from history import History, Tools, WrongBooks
from packages import PeerMissing, provide_python, versions
from places import build_of, cache_folder, machine
from questions import Question, usual

REQUIREMENTS = HERE / "requirements.txt"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH",
                        help="the program; the examples beside it are measured")
    parser.add_argument("--orders-a-day", type=int, default=82_192, help="[default: %(default)s]")
    parser.add_argument("--days", type=int, default=365, help="of the books [default: %(default)s]")
    parser.add_argument("--times", type=int, default=20, help="that each question is asked [default: %(default)s]")
    parser.add_argument("--memory-mib", type=int, default=2048, help="for either [default: %(default)s]")
    parser.add_argument("--seed", type=int, default=1, help="of what is asked for [default: %(default)s]")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


class Contender:
    """A process that answers a query a line."""

    def __init__(self, command: list[str | Path]) -> None:
        self._process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True)

    def ask(self, sql: str) -> tuple[float, list[list[str]]]:
        """Milliseconds, and the rows."""
        print(sql, file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise measure.CommandFailed(f"{self._process.args[0]} gave no answer to: {sql}")
        answered = json.loads(line)
        return answered["milliseconds"], answered["rows"]

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait()


def compare(question: Question, ours: Contender, theirs: Contender) -> dict[str, object]:
    """Each query is asked of both in turn, the first one once more before it counts."""
    milliseconds = {"daybook": [], "duckdb": []}
    for sql in (question.queries[0], *question.queries):
        (our_time, our_rows), (their_time, their_rows) = ours.ask(sql), theirs.ask(sql)
        if our_rows != their_rows:
            raise WrongBooks(f"{sql}\ngives {our_rows[:3]} …, and by DuckDB {their_rows[:3]} …")
        milliseconds["daybook"].append(our_time)
        milliseconds["duckdb"].append(their_time)
    counted = {name: times[1:] for name, times in milliseconds.items()}
    median = {name: statistics.median(times) for name, times in counted.items()}
    return {"median": median, "worst": {name: max(times) for name, times in counted.items()},
            "ratio": median["daybook"] / median["duckdb"]}


def bench(options: argparse.Namespace) -> dict[str, object]:
    program = options.daybook.resolve()
    examples = program.parent / "examples"
    tools = Tools(daybook=program, assemble=examples / "assemble", python=provide_python("query-peers", REQUIREMENTS),
                  memory_mib=options.memory_mib)
    say("finding or making the books")
    history = History(tools, options.orders_a_day, options.days, cache_folder() / "close")
    if not (history.folder / "publications").is_dir():
        history.build()
    ours = Contender([examples / "ask", history.folder, options.memory_mib])
    theirs = Contender([tools.python, HERE / "duckdb_ask.py", history.models(), history.folder, options.memory_mib])
    try:
        questions = usual(lambda sql: ours.ask(sql)[1], history.last, options.times, options.seed)
        answers = {}
        for question in questions:
            say(question.name)
            answers[question.name] = compare(question, ours, theirs)
    finally:
        ours.end()
        theirs.end()
    return {
        "machine": machine(),
        "build": build_of(program),
        "peers": versions(REQUIREMENTS),
        "orders_a_day": options.orders_a_day,
        "days": options.days,
        "answers": answers,
    }


def main() -> int:
    failures = (measure.CommandFailed, WrongBooks, PeerMissing)
    return answer("query", arguments(), bench, report.answers, failures)


if __name__ == "__main__":
    sys.exit(main())
