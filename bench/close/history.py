"""A shop's history, and its books by Daybook and by DuckDB."""

import shutil
import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import measure

HERE = Path(__file__).parent


class WrongBooks(Exception):
    """What was closed well is not what should have come out."""


@dataclass(frozen=True)
class Tools:
    """What builds books, and the memory that either may hold."""

    daybook: Path
    assemble: Path
    python: Path
    memory_mib: int


class History:
    """`days` days of a generated shop. Its dump and its books lie in `folder`, which stands for a warehouse."""

    def __init__(self, tools: Tools, orders_a_day: int, days: int, cache: Path) -> None:
        self.tools = tools
        self.days = days
        self.folder = cache / f"{orders_a_day}x{days}"
        self._orders_a_day = orders_a_day
        self._manifest, self._first, self._last = self._shop("dump", days, self.folder).split()

    @property
    def last(self) -> date:
        return date.fromisoformat(self._last)

    def land(self, before: int, after: int) -> Path:
        """The files of its last days and of those after it, and all that the catalogue was before them."""
        folder = self.folder / "landing"
        self._shop("landing", self.days + after, folder, str(before + after))
        return folder

    def build(self) -> measure.Measured:
        for old in ("tables", "publications"):
            shutil.rmtree(self.folder / old, ignore_errors=True)
        command = [self.tools.assemble, self.folder, self._manifest, self._first, self._last, self.tools.memory_mib]
        return measure.run([str(part) for part in command], {}, self.folder / "daybook.log")

    def build_by_duckdb(self) -> measure.Measured:
        shutil.rmtree(self._by_duckdb, ignore_errors=True)
        command = [self.tools.python, HERE / "duckdb_build.py", self.models(), Path(self._manifest).parent,
                   self._by_duckdb, self.tools.memory_mib]
        return measure.run([str(part) for part in command], {}, self.folder / "duckdb.log")

    def models(self) -> Path:
        """Where the SQL of the models stands, written anew."""
        sql = subprocess.run([self.tools.assemble, "--sql", self._first, self._last], check=True, capture_output=True)
        self._models.write_bytes(sql.stdout)
        return self._models

    def compare(self) -> None:
        """Fails unless every table holds the same rows in both books."""
        command = [self.tools.python, HERE / "check.py", self._models, self.folder, self._by_duckdb]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise WrongBooks(f"Daybook's tables differ from DuckDB's:\n{done.stdout}{done.stderr}")

    @property
    def _models(self) -> Path:
        return self.folder / "models.jsonl"

    @property
    def _by_duckdb(self) -> Path:
        return self.folder / "duckdb"

    def _shop(self, what: str, days: int, folder: Path, *more: str) -> str:
        command = [self.tools.python, HERE / "shop.py", what, str(self._orders_a_day), str(days), folder, *more]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
