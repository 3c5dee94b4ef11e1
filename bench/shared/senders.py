"""Runs the load generator, crates/http/examples/senders."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from daybook import SECRET
from postgres import Server


class SendersFailed(Exception):
    """The generator failed, or was not answered as it should be."""


class Lost(Exception):
    """An acknowledged event is not in the table."""


@dataclass(frozen=True)
class Sent:
    """What the generator reports; times count from when a request was due."""

    seconds: float
    acknowledged: int
    per_second: float
    refused: dict[str, int]
    broken: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    def insist(self) -> "Sent":
        """Itself, if all requests succeeded."""
        if self.refused or self.broken or not self.acknowledged:
            raise SendersFailed(f"not all requests succeeded: {self}")
        return self


class Senders:
    """One run of the generator, against `address`."""

    def __init__(self, program: Path, address: str, clients: int, seconds: float, rate: float | None = None) -> None:
        pace = [] if rate is None else ["--rate", str(rate)]
        self._command = [str(program), address, "--clients", str(clients), "--seconds", str(seconds), *pace]
        self._process: subprocess.Popen[str] | None = None

    def webhooks(self, first_id: int, acknowledged: Path) -> "Senders":
        """Starts sending payment events; the numbers of those that were acknowledged go into a file."""
        return self._start("--acknowledged", str(acknowledged),
                           "webhooks", "--secret", SECRET, "--first-id", str(first_id))

    def get(self, token: str, paths: Path) -> "Senders":
        """Starts asking."""
        return self._start("get", "--token", token, "--paths", str(paths))

    def _start(self, *arguments: str) -> "Senders":
        self._process = subprocess.Popen([*self._command, *arguments], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self

    def __enter__(self) -> "Senders":
        return self

    def __exit__(self, *error: object) -> None:
        self.running.kill()
        self.running.wait()

    @property
    def running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise SendersFailed("nothing was started")
        return self._process

    def stop(self) -> Sent:
        """Ends it early."""
        self.running.terminate()
        return self.wait()

    def wait(self) -> Sent:
        output, errors = self.running.communicate()
        if self.running.returncode != 0:
            raise SendersFailed(f"the generator ended with {self.running.returncode}\n{errors[-3000:]}")
        return Sent(**json.loads(output))


def check_stored(server: Server, database: str, first_id: int, acknowledged: Path) -> int:
    """Fails unless each acknowledged event is in the table, once and as it was sent; gives the rows of this run."""
    answer = server.ask(
        database,
        "-c", "drop table if exists acknowledged",
        "-c", "create unlogged table acknowledged (number bigint primary key)",
        "-c", f"\\copy acknowledged from '{acknowledged}'",
        "-c", f"""
            with stored as (
                select id::bigint - {first_id} as number, count(*) as copies,
                    bool_and(order_id::bigint = id::bigint + 1000000000000 and status = 'success') as is_right
                from ods.transaction
                where id::bigint >= {first_id} and id::bigint < {first_id} + 4294967296
                group by id::bigint - {first_id}
            )
            select count(*) filter (where acknowledged.number is not null and stored.number is null),
                count(*) filter (where stored.copies > 1 or not stored.is_right),
                count(stored.number)
            from acknowledged full join stored on stored.number = acknowledged.number
        """,
    )
    missing, wrong, stored = map(int, answer.split("|"))
    if missing or wrong:
        raise Lost(f"of the acknowledged events, {missing} are not in the table; {wrong} are there twice or changed")
    return stored
