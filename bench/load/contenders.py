"""Who loads: each contender prepares a fresh database, outside the measured time, and names its command."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import measure
import peers
from daybook import environment_of
from landing import Totals
from postgres import Server


class WrongContent(Exception):
    """A contender ended well, but the tables do not hold what was to be loaded."""


@dataclass
class Contender(ABC):
    server: Server
    landing: Path
    # Daybook, which makes the tables for all.
    program: Path
    # A folder of the contender's own, fresh for every run.
    work: Path = field(default=Path(), init=False)
    name: ClassVar[str]
    # Whether one run must do.
    slow: ClassVar[bool] = False

    def prepare(self, database: str) -> None:
        """Gives the empty `database` the contract's tables, with all their keys, indexes and triggers."""
        environment = environment_of(self.server, database, self.work)
        measure.run([str(self.program), "init"], environment, self.work / "init.log")

    @abstractmethod
    def command(self, database: str) -> list[str]:
        """What loads all batches into `database`."""

    def environment(self, database: str) -> dict[str, str]:
        return self.server.environment(database)

    def check(self, database: str, totals: Totals) -> None:
        """Fails unless the tables hold exactly what was generated."""
        found = self.server.ask(database, "-c", """
            select (select count(*) from ods.orders), count(*), sum(quantity), sum(revenue) from ods.order_lines
        """)
        expected = f"{totals.orders}|{totals.lines}|{totals.quantity}|{totals.revenue}"
        if found != expected:
            raise WrongContent(f"{self.name}: orders|lines|quantity|revenue should be {expected}, but are {found}")


class Copy(Contender):
    """The limit: psql's \\copy, one transaction a batch, on one connection."""

    name = "\\copy"

    def command(self, database: str) -> list[str]:
        script = self.work / "copy.sql"
        with script.open("w") as file:
            for batch in sorted(self.landing.glob("batch-*")):
                file.write("begin;\n")
                for table in ("orders", "order_lines"):
                    file.write(f"\\copy ods.{table} from '{batch}/{table}.csv' with (format csv, header)\n")
                file.write("commit;\n")
        return self.server.psql("-f", str(script))


class Pgloader(Contender):
    name, slow = "pgloader", True

    def command(self, database: str) -> list[str]:
        template = (Path(__file__).parent / "pgloader.load").read_text()
        script = self.work / "script.load"
        script.touch(mode=0o600)
        script.write_text(template.replace("@LANDING@", str(self.landing)).replace("@URL@", self.server.url(database)))
        return ["pgloader", "--root-dir", str(self.work / "pgloader"), str(script)]


class Dlt(Contender):
    name, slow = "dlt", True

    def command(self, database: str) -> list[str]:
        return [str(peers.dlt_python()), str(Path(__file__).parent / "dlt_load.py"), str(self.landing)]

    def environment(self, database: str) -> dict[str, str]:
        # Its opinion of how it is used goes nowhere, and its work folder is fresh.
        own = {"DLT_URL": self.server.url(database), "DLT_DATA_DIR": str(self.work)}
        return self.server.environment(database) | own | {"RUNTIME__DLTHUB_TELEMETRY": "false"}


class Daybook(Contender):
    name = "daybook"

    def command(self, database: str) -> list[str]:
        return [str(self.program), "load", str(self.landing)]

    def environment(self, database: str) -> dict[str, str]:
        return environment_of(self.server, database, self.work)

    def check(self, database: str, totals: Totals) -> None:
        super().check(database, totals)
        found = self.server.ask(database, "-c", """
            select count(*) filter (where state = 'loaded'), count(*) filter (where state <> 'loaded'),
                (select count(*) from daybook.rejected_row), (select count(*) from daybook.parked_row)
            from daybook.load
        """)
        expected = f"{sum(1 for _ in self.landing.glob('batch-*'))}|0|0|0"
        if found != expected:
            raise WrongContent(f"daybook: loaded|refused|rejected|parked should be {expected}, but are {found}")
