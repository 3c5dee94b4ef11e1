"""Kills `daybook serve` under load at random moments and proves that it keeps its word.

Senders deliver events without a pause, while the server is killed and started again, over and over. In the end each
event that was acknowledged must be in the table, once and as it was sent. Nothing was promised of the others.
"""

import argparse
import random
import shutil
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))

from daybook import Daybook, DaybookFailed
from places import cache_folder
from postgres import PostgresError, Server
from senders import Lost, Senders, SendersFailed, Sent, check_stored

FIRST_ID = 7_000_000_000_000
# How long a server may live once it is ready.
LONGEST = 2.0
FOREVER = 24 * 3600.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--daybook", type=Path, required=True, metavar="PATH", help="the program to kill")
    parser.add_argument("--senders", type=Path, metavar="PATH", help="the generator [default: examples/senders beside it]")
    parser.add_argument("--kills", type=int, default=50, help="[default: %(default)s]")
    parser.add_argument("--clients", type=int, default=64, help="[default: %(default)s]")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="of the moments")
    return parser.parse_args()


def kill(options: argparse.Namespace, server: Server, work: Path) -> tuple[Sent, int]:
    """What was sent, and how many events of it are in the table."""
    chance = random.Random(options.seed)
    server.create("killed")
    daybook = Daybook(options.daybook.resolve(), server, "killed", work)
    daybook.run("init")
    acknowledged = work / "acknowledged"
    program = options.senders or options.daybook.parent / "examples/senders"
    with daybook:
        senders = Senders(program.resolve(), daybook.address, options.clients, FOREVER)
        with senders.webhooks(FIRST_ID, acknowledged):
            for number in range(options.kills):
                time.sleep(chance.uniform(0, LONGEST))
                daybook.kill()
                # At once: what the killed one still had under way may meet the new one.
                daybook.start()
                daybook.wait_until_ready()
                if (number + 1) % 10 == 0:
                    print(f"{number + 1} kills", file=sys.stderr, flush=True)
            sent = senders.stop()
    return sent, check_stored(server, "killed", FIRST_ID, acknowledged)


def main() -> int:
    options = arguments()
    print(f"seed {options.seed}", file=sys.stderr)
    work = cache_folder() / "run/kill-serve"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        with Server() as server:
            sent, stored = kill(options, server, work)
        # Until a new server has found PostgreSQL, it tells senders to come again.
        if sent.refused.keys() - {"503"} or sent.broken < options.kills:
            raise SendersFailed(f"the kills should break off requests, and nothing else should go wrong: {sent}")
    except (DaybookFailed, SendersFailed, PostgresError, Lost) as error:
        print(f"FAILED (seed {options.seed}): {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"{options.kills} kills in {sent.seconds:.0f} s broke off {sent.broken:,} requests;"
          f" all {sent.acknowledged:,} acknowledged events are in the table, once,"
          f" and {stored - sent.acknowledged:,} of those broken off as well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
