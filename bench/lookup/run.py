"""Measures how long customer service waits for a customer's orders, while payments arrive."""

import argparse
import random
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

from answer import answer, say
from daybook import Daybook, DaybookFailed
from places import build_of, cache_folder, machine
from postgres import PostgresError, Server
from senders import Lost, Senders, SendersFailed, check_stored

SEED = 11
SHOP = Path(__file__).parent / "shop.sql"
GUEST = "7000000000000"
# One in so many questions is about the guests, who have 20,000 orders.
GUESTS = 20
QUESTIONS = 20_000
# Beyond all payments of the shop.
FIRST_ID = 9_000_000_000_000


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH", help="the program to measure")
    parser.add_argument("--senders", type=Path, metavar="PATH", help="the generator [default: examples/senders beside it]")
    parser.add_argument("--seconds", type=int, default=60, help="[default: %(default)s]")
    parser.add_argument("--rate", type=float, default=200, help="questions a second [default: %(default)s]")
    parser.add_argument("--events", type=float, default=500, help="payments a second [default: %(default)s]")
    parser.add_argument("--clients", type=int, default=16, help="of each kind [default: %(default)s]")
    parser.add_argument("--analyzed", action="store_true", help="let PostgreSQL count the rows first, as it does in time")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    return parser.parse_args()


def questions(server: Server, work: Path) -> Path:
    """Asks for customers in the order of a draw: as many orders as one has, as likely one is asked for."""
    found = server.ask("bench", "-c", f"select customer_id from ods.orders where customer_id <> '{GUEST}' order by id")
    customers, chance = found.splitlines(), random.Random(SEED)
    drawn = (GUEST if number % GUESTS == 0 else chance.choice(customers) for number in range(QUESTIONS))
    paths = work / "paths"
    paths.write_text("".join(f"/v1/customers/{customer}/orders\n" for customer in drawn))
    return paths


def bench(options: argparse.Namespace) -> dict[str, object]:
    program = options.daybook.resolve()
    generator = (options.senders or program.parent / "examples/senders").resolve()
    work = cache_folder() / "run/lookup"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with Server() as server:
        server.create("bench")
        daybook = Daybook(program, server, "bench", work)
        daybook.run("init")
        say("filling the store")
        server.ask("bench", "-f", str(SHOP))
        if options.analyzed:
            server.ask("bench", "-c", "analyze")
        server.checkpoint()
        token = daybook.run("--format", "csv", "token", "create", "bench", "--scopes", "read").splitlines()[-1]
        paths, acknowledged = questions(server, work), work / "acknowledged"
        with daybook:
            senders = Senders(generator, daybook.address, options.clients, options.seconds + 2, options.events)
            asking = Senders(generator, daybook.address, options.clients, options.seconds, options.rate)
            with senders.webhooks(FIRST_ID, acknowledged), asking.get(token, paths):
                answered, sent = asking.wait().insist(), senders.wait().insist()
        check_stored(server, "bench", FIRST_ID, acknowledged)
        rows = server.ask("bench", "-c", """
            select (select count(*) from ods.orders), (select count(*) from ods.order_lines),
                (select count(*) from ods.transaction)
        """)
        return {
            "machine": machine(),
            "build": build_of(program),
            "postgresql": server.version(),
            "rows": dict(zip(("orders", "order_lines", "transaction"), map(int, rows.split("|")), strict=True)),
            "lookups": asdict(answered),
            "webhooks": asdict(sent),
        }


def table(result: dict[str, object]) -> str:
    machine, rows = result["machine"], result["rows"]
    lines = [
        f"{rows['orders']:,} orders, {rows['order_lines']:,} lines, {rows['transaction']:,} payments;"
        f" PostgreSQL {result['postgresql']}, on {machine['cores']} cores and {machine['memory_gib']} GiB of memory;"
        f" build: {result['build']}",
        "",
        f"{'':28}{'per second':>12}{'p50 ms':>10}{'p99 ms':>10}{'p99.9 ms':>10}{'longest':>10}",
    ]
    for name, key in (("a customer's orders", "lookups"), ("payments meanwhile", "webhooks")):
        sent = result[key]
        lines.append(f"{name:28}{sent['per_second']:>12,.0f}{sent['p50_ms']:>10.2f}{sent['p99_ms']:>10.2f}"
                     f"{sent['p999_ms']:>10.2f}{sent['max_ms']:>10.1f}")
    return "\n".join([*lines, "", "goal: a p99 of a customer's orders under 10 ms"])


def main() -> int:
    failures = (DaybookFailed, SendersFailed, PostgresError, Lost)
    return answer("lookup", arguments(), bench, table, failures)


if __name__ == "__main__":
    sys.exit(main())
