"""The yardstick: pgbench inserts one row a commit into the table that the webhooks go to."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from postgres import PostgresError, Server

# Each client counts its own ids, as long as Daybook's; `n` keeps its value from one transaction to the next.
SCRIPT = """
\\set n :n + 1
\\set id 7000000000000 + :client_id * 100000000 + :n
\\set order_id :id + 1000000000000
insert into ods.transaction (id, order_id, status, created_at)
values (:id, :order_id, 'success', now() at time zone 'UTC');
"""


PROTOCOLS = ("simple", "prepared")


@dataclass(frozen=True)
class Inserted:
    per_second: float
    p50_ms: float
    p99_ms: float


def run(server: Server, database: str, clients: int, seconds: int, protocol: str, work: Path) -> Inserted:
    """Inserts for some seconds, and checks that every row is there; `protocol` is simple, pgbench's own choice, or
    prepared, which spares the server the parsing."""
    work.mkdir(parents=True, exist_ok=True)
    for old in work.glob("latency*"):
        old.unlink()
    script = work / "insert.sql"
    script.write_text(SCRIPT)
    command = server.program("pgbench", "-n", "-f", str(script), "-c", str(clients), "-j", "2", "-T", str(seconds),
                             "-M", protocol, "-D", "n=0", "--log", f"--log-prefix={work / 'latency'}",
                             "--sampling-rate=0.05")
    done = subprocess.run(command, env=server.environment(database), capture_output=True, text=True)
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    count = re.search(r"actually processed: ([0-9]+)", done.stdout)
    if done.returncode != 0 or not rate or not count:
        raise PostgresError(f"pgbench ended with {done.returncode}\n{done.stderr[-3000:]}")
    # of some transactions: client, number, time in microseconds, …
    times = sorted(int(line.split()[2]) for log in work.glob("latency*") for line in log.open())
    rows = int(server.ask(database, "-c", "select count(*) from ods.transaction"))
    if rows != int(count[1]):
        raise PostgresError(f"pgbench committed {count[1]} rows, but {rows} are in the table")
    return Inserted(float(rate[1]), _percentile(times, 50), _percentile(times, 99))


def _percentile(times: list[int], percent: int) -> float:
    return times[min(len(times) - 1, len(times) * percent // 100)] / 1000
