"""Generates many small batches with all the trouble that a load knows; the same bytes each time."""

import random
import shutil
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

SEED = 11
BATCHES = 60
ORDERS_A_BATCH = 120
HEADERS = {
    "orders": "id,processed_timestamp,customer_id",
    "order_lines": "id,quantity,variant_id,revenue,order_id",
    "product": "id,title,product_type,created_at",
    "variant": "id,product_id,price,title,created_at,updated_at,ingested_at",
}
# When everything is loaded: after all that the batches tell of.
NOW = "2024-06-01T00:00:00Z"
START = datetime(2024, 3, 1)


def generate(landing: Path) -> None:
    """Writes the batches into `landing`, which is replaced."""
    shutil.rmtree(landing, ignore_errors=True)
    shop = _TroubledShop(random.Random(SEED))
    for number in range(BATCHES):
        _write(landing / f"batch-{number:02}", shop.batch(number))
    # The same content under another name, a header that breaks the contract, half a pair, and too many bad rows.
    shutil.copytree(landing / "batch-05", landing / "batch-20-again")
    _write(landing / "batch-30-header", {"orders": ["1,2"], "order_lines": []}, {"orders": "id,customer"})
    _write(landing / "batch-40-half", {"orders": ["half,2024-03-01 00:00:00,nobody"]})
    _write(landing / "batch-50-bad", {"orders": ["bad,yesterday,nobody"] * 9, "order_lines": []})
    (landing / "transactions.ndjson").write_text("\n".join(shop.payments) + "\n")


def _write(batch: Path, rows: dict[str, list[str]], headers: dict[str, str] = HEADERS) -> None:
    batch.mkdir(parents=True)
    for table, lines in rows.items():
        header = headers.get(table, HEADERS[table])
        (batch / f"{table}.csv").write_text("\n".join([header, *lines]) + "\n")


class _TroubledShop:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._orders: list[list[str]] = []
        self._lines: list[list[str]] = []
        # Orders that come some batches after their lines, and products after their variants.
        self._late_orders: dict[int, list[list[str]]] = defaultdict(list)
        self._late_products: dict[int, list[list[str]]] = defaultdict(list)
        self.payments: list[str] = []

    def batch(self, number: int) -> dict[str, list[str]]:
        day = START + timedelta(days=number)
        old_orders, old_lines = len(self._orders), len(self._lines)
        orders = self._late_orders[number] + self._repeated(self._orders, column=2)
        lines = self._repeated(self._lines, column=1)
        for index in range(ORDERS_A_BATCH):
            order = [f"o{number:02}-{index:03}", f"{day + timedelta(minutes=index)}", f"c{self._chance.randrange(900)}"]
            self._orders.append(order)
            (self._late_orders[number + self._chance.randint(1, 5)] if self._happens(0.05) else orders).append(order)
            for place in range(self._chance.randint(1, 3)):
                self._lines.append([f"l{order[0]}-{place}", "1", f"v{self._chance.randrange(60)}", "1999", order[0]])
            self._pay(order[0], day)
        lines += self._lines[old_lines:] + self._lines[-3:]
        orders += self._orders[-1:]
        bad = [["", f"{day}", "c"], ["x1", "31.12.2023", "c"], ["x2", f"{day}"]]
        bad += [["x3", f"{day}", "one"], ["x3", f"{day}", "other"]]
        worse = [["y1", "one", "v", "1", "o"], ["y2", "1", "v", "99999999999", "o"], ["y3", "1", "v", "1", "never"]]
        if old_orders:
            # A line that moves to another order, which is refused.
            worse.append([*self._lines[0][:4], self._orders[old_orders][0]])
        rows = {"orders": orders + bad, "order_lines": lines + worse}
        if number % 6 == 0:
            rows |= self._catalogue(number, day)
        return {table: [",".join(row) for row in self._shuffled(of)] for table, of in rows.items()}

    def _repeated(self, known: list[list[str]], column: int) -> list[list[str]]:
        """Some rows of earlier batches, as they were or corrected."""
        rows = self._chance.sample(known, min(10, len(known)))
        for row in rows[:5]:
            row[column] = str(self._chance.randint(2, 9))
        return rows

    def _catalogue(self, number: int, day: datetime) -> dict[str, list[list[str]]]:
        """Two new products, one of which comes later than its variants, and new prices for the oldest variants."""
        products = [[f"p{number}-{index}", f"Title {number}-{index}", "shirt", f"{day}"] for index in range(2)]
        self._late_products[number + 6].append(products[1])
        owners = [product[0] for product in products] + ["p0-0"] * (number > 0)
        variants = [[f"v-{owner}", owner, str(1000 + number), "M", f"{START}", f"{day}", f"{day}"] for owner in owners]
        return {"product": products[:1] + self._late_products[number], "variant": variants}

    def _pay(self, order: str, day: datetime) -> None:
        for status, hours in (("pending", 1), ("success", 2))[: self._chance.randint(0, 2)]:
            time = f"{day + timedelta(hours=hours)}"
            self.payments.append(f'{{"id":"t{order}","order_id":"{order}","status":"{status}","created_at":"{time}"}}')

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share

    def _shuffled(self, rows: list[list[str]]) -> list[list[str]]:
        return self._chance.sample(rows, len(rows))
