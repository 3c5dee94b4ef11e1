"""Measures payment webhooks: durable acknowledgements, against pgbench with one row a commit."""

import argparse
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

import pgbench
import report
from answer import answer, say
from daybook import Daybook, DaybookFailed
from memory import Memory
from places import build_of, cache_folder, machine
from postgres import PostgresError, Server
from senders import Lost, Senders, SendersFailed, Sent, check_stored

FIRST_ID = 7_000_000_000_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH", help="the program to measure")
    parser.add_argument("--senders", type=Path, metavar="PATH", help="the generator [default: examples/senders beside it]")
    parser.add_argument("--clients", type=int, default=64, help="of both [default: %(default)s]")
    parser.add_argument("--seconds", type=int, default=15, help="of each run [default: %(default)s]")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender [default: %(default)s]")
    parser.add_argument("--minutes", type=float, default=5.0,
                        help="at half of the maximum rate; 0: none [default: %(default)s]")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


@dataclass
class Bench:
    server: Server
    program: Path
    senders: Path
    clients: int
    work: Path

    def pgbench(self, seconds: int, protocol: str) -> pgbench.Inserted:
        """One run, on a fresh database."""
        self._fresh()
        inserted = pgbench.run(self.server, "bench", self.clients, seconds, protocol, self.work)
        say(f"pgbench, {protocol}: {inserted.per_second:,.0f} rows/s")
        return inserted

    def daybook(self, seconds: float, rate: float | None = None) -> tuple[Sent, tuple[float, float]]:
        """One run, on a fresh database: what was sent, and what memory was held in its first and last minute."""
        daybook = self._fresh()
        acknowledged = self.work / "acknowledged"
        with daybook, Memory(daybook.pid) as memory:
            senders = Senders(self.senders, daybook.address, self.clients, seconds, rate)
            with senders.webhooks(FIRST_ID, acknowledged):
                sent = senders.wait().insist()
        stored = check_stored(self.server, "bench", FIRST_ID, acknowledged)
        if stored != sent.acknowledged:
            raise Lost(f"{sent.acknowledged} events were sent and acknowledged, but {stored} are in the table")
        say(f"daybook: {sent.per_second:,.0f} acknowledgements/s, p99 {sent.p99_ms} ms; all of them are in the table")
        return sent, memory.first_and_last(min(60, seconds / 5))

    def _fresh(self) -> Daybook:
        """An empty database with the contract's tables, and nothing left to be written for it or others."""
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.server.drop("bench")
        self.server.create("bench")
        daybook = Daybook(self.program, self.server, "bench", self.work)
        daybook.run("init")
        self.server.checkpoint()
        return daybook


def bench(options: argparse.Namespace) -> dict[str, object]:
    program = options.daybook.resolve()
    senders = options.senders or program.parent / "examples/senders"
    with Server() as server:
        it = Bench(server, program, senders.resolve(), options.clients, cache_folder() / "run/webhook")
        inserted: dict[str, list[pgbench.Inserted]] = {protocol: [] for protocol in pgbench.PROTOCOLS}
        sent: list[Sent] = []
        for number in range(options.rounds):
            contenders = (*pgbench.PROTOCOLS, "daybook")
            for contender in contenders if number % 2 == 0 else reversed(contenders):
                if contender == "daybook":
                    sent.append(it.daybook(options.seconds)[0])
                else:
                    inserted[contender].append(it.pgbench(options.seconds, contender))
        maximum = median(run.per_second for run in sent)
        paced = None
        if options.minutes:
            half, memory = it.daybook(options.minutes * 60, maximum / 2)
            paced = {"minutes": options.minutes, "rate": round(maximum / 2), **asdict(half),
                     "first_mib": memory[0], "last_mib": memory[1]}
        return {
            "machine": machine(),
            "build": build_of(program),
            "postgresql": server.version(),
            "settings": {name: server.ask("postgres", "-c", f"show {name}") for name in ("fsync", "synchronous_commit")},
            "clients": options.clients,
            "pgbench": {protocol: [asdict(run) for run in runs] for protocol, runs in inserted.items()},
            "daybook": [asdict(run) for run in sent],
            "ratios": {protocol: round(maximum / median(run.per_second for run in runs), 2)
                       for protocol, runs in inserted.items()},
            "half": paced,
        }


def main() -> int:
    failures = (DaybookFailed, SendersFailed, PostgresError, Lost)
    return answer("webhook", arguments(), bench, report.table, failures)


if __name__ == "__main__":
    sys.exit(main())
