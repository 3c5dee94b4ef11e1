"""Measures bulk loading: Daybook, two other loaders, and the limit, which is PostgreSQL's own \\copy."""

import argparse
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

import landing
import measure
import peers
import report
from answer import answer, say
from contenders import Contender, Copy, Daybook, Dlt, Pgloader, WrongContent
from known import measure_known
from packages import PeerMissing
from places import build_of, cache_folder, machine
from postgres import PostgresError, Server

NAMES = ("copy", "pgloader", "dlt", "daybook")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH", help="the program to measure")
    parser.add_argument("--orders", type=int, default=1_000_000, help="with 2.5 lines each [default: %(default)s]")
    parser.add_argument("--batches", type=int, default=20, help="to spread them over [default: %(default)s]")
    parser.add_argument("--repeats", type=int, help="runs of each contender [default: 3; 1 of pgloader and dlt]")
    parser.add_argument("--known", type=int, default=5_000, metavar="BATCHES",
                        help="how many old batches to load again; 0: none [default: %(default)s]")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME", help="of: %(choices)s")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


def run_once(server: Server, contender: Contender, totals: landing.Totals, work: Path) -> measure.Measured:
    """Loads everything into a fresh database and checks what came of it."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    contender.work = work
    server.create("bench")
    contender.prepare("bench")
    command, environment = contender.command("bench"), contender.environment("bench")
    # So that nobody pays for what another one left to be written.
    server.checkpoint()
    measured = measure.run(command, environment, work / "load.log")
    contender.check("bench", totals)
    server.drop("bench")
    say(f"{contender.name}: {measured.seconds:.2f} s, {measured.peak_mib:.0f} MiB")
    return measured


Runs = dict[str, list[measure.Measured]]


def compare(
    server: Server, contenders: list[Contender], totals: landing.Totals, repeats: int | None, cache: Path
) -> Runs:
    """All runs of all contenders; the order turns around with each round."""
    rounds = {contender.name: repeats or (1 if contender.slow else 3) for contender in contenders}
    runs: Runs = {contender.name: [] for contender in contenders}
    for number in range(max(rounds.values())):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            if number < rounds[contender.name]:
                work = cache / "run" / contender.name.strip("\\")
                runs[contender.name].append(run_once(server, contender, totals, work))
    return runs


def bench(options: argparse.Namespace) -> report.Json:
    cache = cache_folder()
    program = options.daybook.resolve()
    versions = {}
    if "pgloader" in options.only:
        versions["pgloader"] = peers.provide_pgloader()
    if "dlt" in options.only:
        peers.dlt_python()
        versions["dlt"] = peers.dlt_version()
    say("generating or finding the batches")
    folder, totals = landing.provide(cache, options.orders, options.batches)
    with Server() as server:
        everyone: dict[str, Contender] = {
            "copy": Copy(server, folder, program),
            "pgloader": Pgloader(server, folder, program),
            "dlt": Dlt(server, folder, program),
            "daybook": Daybook(server, folder, program),
        }
        contenders = [everyone[name] for name in NAMES if name in options.only]
        runs = compare(server, contenders, totals, options.repeats, cache)
        known = measure_known(server, program, cache, options.known) if options.known else None
        settings = {name: server.ask("postgres", "-c", f"show {name}")
                    for name in ("fsync", "synchronous_commit", "shared_buffers", "max_wal_size")}
        return {
            "machine": machine(),
            "build": build_of(program),
            "settings": {"postgresql": server.version(), **settings},
            "peers": versions,
            "data": {"batches": options.batches, **asdict(totals)},
            "contenders": report.summary(runs, totals, limit="\\copy"),
            "known": asdict(known) if known else None,
        }


def main() -> int:
    failures = (measure.CommandFailed, WrongContent, PostgresError, PeerMissing)
    return answer("load", arguments(), bench, report.table, failures)


if __name__ == "__main__":
    sys.exit(main())
