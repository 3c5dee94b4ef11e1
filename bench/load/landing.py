"""Generates a shop's orders as batch directories; the same arguments always give the same bytes."""

import json
import random
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

SEED = 7
# Raise it with every change to what is generated.
VERSION = 1
# Long ago, so that no number of batches reaches into the future.
FIRST_DAY = datetime(2010, 1, 1)
CUSTOMERS = range(7_000_000_000_000, 7_000_000_300_000)
VARIANTS = range(39_000_000_000_000, 39_000_000_006_000)


@dataclass(frozen=True)
class Totals:
    """What exactly must be in the tables once everything is loaded."""

    orders: int
    lines: int
    quantity: int
    revenue: int
    files_mib: float

    @property
    def rows(self) -> int:
        return self.orders + self.lines


def provide(cache: Path, orders: int, batches: int) -> tuple[Path, Totals]:
    """The landing folder with that many orders, evenly in that many batches; generated unless it is there."""
    landing = cache / f"{orders}-orders-in-{batches}-batches-v{VERSION}"
    said = landing.with_suffix(".json")
    if not said.exists():
        shutil.rmtree(landing, ignore_errors=True)
        totals = _generate(landing, orders, batches)
        # Written last: a generation that was interrupted starts again.
        said.write_text(json.dumps(asdict(totals)))
    for path in landing.glob("*/*.csv"):
        # The first contender shall find the files in the page cache, as all the others will.
        path.read_bytes()
    return landing, Totals(**json.loads(said.read_text()))


def _generate(landing: Path, orders: int, batches: int) -> Totals:
    shop = _Shop(random.Random(SEED))
    size = 0
    for number in range(batches):
        count = orders // batches + (number < orders % batches)
        batch = landing / f"batch-{number:04}"
        batch.mkdir(parents=True)
        order_rows, line_rows = shop.day(FIRST_DAY + timedelta(days=number), count)
        for name, rows in (("orders", order_rows), ("order_lines", line_rows)):
            size += (batch / f"{name}.csv").write_text("".join(rows))
    return Totals(shop.orders, shop.lines, shop.quantity, shop.revenue, round(size / 2**20, 1))


class _Shop:
    """Gives ids out in increasing order with gaps, as shops that share one sequence do."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._order_id = 4_500_000_000_000
        self._line_id = 8_200_000_000_000
        self.orders = self.lines = self.quantity = self.revenue = 0

    def day(self, day: datetime, count: int) -> tuple[list[str], list[str]]:
        """The files of a day on which `count` orders come in, one after another, with two or three lines each."""
        orders = ["id,processed_timestamp,customer_id\n"]
        lines = ["id,quantity,variant_id,revenue,order_id\n"]
        for index in range(count):
            self._order_id += self._chance.randint(1, 5)
            time = day + timedelta(seconds=86_400 * index // count)
            orders.append(f"{self._order_id},{time},{self._chance.choice(CUSTOMERS)}\n")
            lines.extend(self._line() for _ in range(3 if index % 2 == 0 else 2))
        self.orders += count
        return orders, lines

    def _line(self) -> str:
        self._line_id += self._chance.randint(1, 5)
        quantity = self._chance.randint(1, 4)
        revenue = quantity * self._chance.randint(100, 9_000)
        self.lines += 1
        self.quantity += quantity
        self.revenue += revenue
        return f"{self._line_id},{quantity},{self._chance.choice(VARIANTS)},{revenue},{self._order_id}\n"
