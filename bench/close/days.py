"""Closes the days after a history as an operator would: `daybook load`, then `daybook run`, on a real PostgreSQL."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import timedelta

import measure
from daybook import environment_of
from history import History, WrongBooks
from postgres import Server

# How many days the ODS keeps.
KEPT = 3


@dataclass(frozen=True)
class Closed:
    """One close: the whole command, how many dates it built, and what it added to each table."""

    seconds: float
    peak_mib: float
    steps: dict[str, float]
    dates: int
    added_mib: dict[str, float]


class Days:
    """The days after `history`, whose books Daybook has built."""

    LATE_BY = 200

    def __init__(self, server: Server, history: History) -> None:
        self._server = server
        self._history = history
        self._program = history.tools.daybook
        self._work = history.folder / "run"
        self._last = history.last
        self._environment = environment_of(server, "bench", self._work) | {
            "DAYBOOK_WAREHOUSE_MEMORY_MIB": str(history.tools.memory_mib),
        }

    def prepare(self) -> None:
        """A copy of the books, and an ODS that holds what it would hold after another day.

        That day is closed, too: the history's dump was not the ODS's own, so its hashes are not known there, and the
        first close compares all that the ODS holds.
        """
        self._landing = self._history.land(before=KEPT, after=2)
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        for part in ("tables", "publications"):
            # what is written once need not be copied
            shutil.copytree(self._history.folder / part, self._work / "warehouse" / part, copy_function=os.link)
        self._server.drop("bench")
        self._server.create("bench")
        self._daybook("init")
        self._load("catalogue")
        for ago in reversed(range(KEPT)):
            self._load(str(self._last - timedelta(days=ago)))
        self._next_day()

    def ordinary(self) -> Closed:
        """One more day."""
        closed = self._next_day()
        loaded = self._server.ask("bench", "-c", f"""
            select count(*) from ods.order_lines join ods.orders on orders.id = order_lines.order_id
            where orders.processed_timestamp::date = date '{self._last}'
        """)
        self._expect(f"select count(*) from dwd_orders_variant_status where partition_date = '{self._last}'", loaded)
        self._daybook("reconcile", "--date", str(self._last))
        return closed

    def late_payment(self) -> Closed:
        """A day without orders, in which an order of long ago is paid."""
        self._last += timedelta(days=1)
        ordered = self._last - timedelta(days=self.LATE_BY)
        order = self._ask(f"select min(order_id) from app_order_payments where partition_date = '{ordered}' "
                          "and order_status = 'pending'")
        event = {"id": "late", "order_id": order, "status": "success", "created_at": f"{self._last} 12:00:00"}
        (self._landing / "transactions-late.ndjson").write_text(json.dumps(event) + "\n")
        self._load("transactions-late.ndjson")
        closed = self._close()
        self._expect(f"select order_status from app_order_payments where order_id = '{order}'", "success")
        self._daybook("reconcile", "--date", str(ordered))
        return closed

    def _next_day(self) -> Closed:
        self._last += timedelta(days=1)
        self._load(str(self._last))
        return self._close()

    def _close(self) -> Closed:
        self._server.checkpoint()
        before = self._files()
        command = [str(self._program), "run", "--date", str(self._last), "--quiet", "--format", "json"]
        run = measure.run(command, self._at_night(), self._work / "close.log")
        report = json.loads(run.output)
        added = {table: sum(size for path, size in files.items() if path not in before.get(table, {})) / 2**20
                 for table, files in self._files().items()}
        steps = {step["name"]: step["seconds"] for step in report["steps"]}
        return Closed(run.seconds, run.peak_mib, steps, len(report["dates"]), added)

    def _files(self) -> dict[str, dict[str, int]]:
        return {table.name: {str(path): path.stat().st_size for path in table.rglob("*") if path.is_file()}
                for table in (self._work / "warehouse/tables").iterdir()}

    def _load(self, what: str) -> None:
        self._daybook("load", str(self._landing / what))

    def _ask(self, sql: str) -> str:
        return self._daybook("query", "--format", "csv", sql).splitlines()[1]

    def _expect(self, sql: str, expected: str) -> None:
        if (found := self._ask(sql)) != expected:
            raise WrongBooks(f"{sql} gives {found}, and should give {expected}")

    def _daybook(self, *arguments: str) -> str:
        done = subprocess.run([str(self._program), *arguments], env=self._at_night(), cwd=self._work,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise measure.CommandFailed(
                f"daybook {' '.join(arguments)} ended with {done.returncode}\n{done.stderr[-3000:]}")
        return done.stdout.strip()

    def _at_night(self) -> dict[str, str]:
        """The environment after the last day has ended, when its close is due."""
        return self._environment | {"DAYBOOK_NOW": f"{self._last + timedelta(days=1)}T02:00:00Z"}
