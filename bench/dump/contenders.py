"""Who dumps, and what: each names a command that writes Parquet files into an empty folder."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from postgres import Server

from shop import LAST_DAY

HERE = Path(__file__).parent


@dataclass
class Contender(ABC):
    server: Server
    database: str
    # Daybook's program, or the Python that has the peers.
    program: Path
    name: ClassVar[str]
    # What it can be asked for.
    tasks: ClassVar[tuple[str, ...]] = ("lines", "shop")

    @abstractmethod
    def command(self, task: str, folder: Path) -> list[str]:
        """What dumps into `folder`: the `lines` as they are stored, or the `shop`, which is orders and dated lines."""

    def environment(self) -> dict[str, str]:
        return self.server.environment(self.database)

    def files(self, table: str, folder: Path) -> str:
        """Where the rows of `table` are then."""
        return f"{folder}/{table}.parquet"


class Daybook(Contender):
    """Its dump, which has no tasks: always orders and lines with their dates, the other tables, and hashes of all rows."""

    name, tasks = "daybook", ("shop",)

    def command(self, task: str, folder: Path) -> list[str]:
        return [str(self.program), str(folder), LAST_DAY]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"DAYBOOK_ODS_URL": self.server.url(self.database)}

    def files(self, table: str, folder: Path) -> str:
        return f"{folder}/1/{table}/*.parquet"


class DuckDb(Contender):
    name = "duckdb"

    def command(self, task: str, folder: Path) -> list[str]:
        return [str(self.program), str(HERE / "duckdb_dump.py"), task, str(folder)]


class ConnectorX(Contender):
    name = "connectorx"

    def command(self, task: str, folder: Path) -> list[str]:
        return [str(self.program), str(HERE / "connectorx_dump.py"), task, str(folder)]

    def environment(self) -> dict[str, str]:
        return super().environment() | {"DUMP_URL": self.server.url(self.database)}
