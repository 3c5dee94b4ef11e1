"""A generated shop: the dump of its history, as `daybook run` would write it, and the files of the days that follow.

Ids grow with time, as those of a shop that counts its orders do. Everything follows from the numbers of the rows, so
the same sizes give the same shop, a longer history begins like a shorter one, and the days after it continue it.
"""

import datetime
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

FIRST = datetime.date(2023, 1, 1)
PRODUCTS = 5_000
VARIANTS = 12_000
CUSTOMERS = 4_500_000
ROWS_PER_FILE = 4_000_000
# The longest that a payment takes; those of all earlier orders are there.
LATEST_PAYMENT = 21
CONTRACT = {
    "product": "product_id as id, title, product_type, created_at",
    "variant": "variant_id as id, product_id, price, title, created_at, updated_at, ingested_at",
    "orders": "id, processed_timestamp, customer_id",
    "order_lines": "id, quantity, variant_id, revenue, order_id",
    "transaction": "id, order_id, status, created_at",
}


@dataclass(frozen=True)
class Shop:
    orders_a_day: int
    days: int

    @property
    def last(self) -> datetime.date:
        return FIRST + datetime.timedelta(days=self.days - 1)

    def query(self, table: str, first_day: int, last_day: int) -> str:
        """The rows of `table` that follow from the orders of the days from `first_day` up to `last_day`, excluded."""
        return QUERIES[table].format(
            first=FIRST, days=self.days, orders_a_day=self.orders_a_day, products=PRODUCTS, variants=VARIANTS,
            customers=CUSTOMERS, begin=first_day * self.orders_a_day, end=last_day * self.orders_a_day)


def dump(shop: Shop, folder: Path) -> Path:
    """The manifest of the shop's dump, below `folder`, which stands for a warehouse; made if it is not there."""
    dump = folder / "dumps" / "1"
    manifest = dump / "manifest.json"
    if not manifest.exists():
        shutil.rmtree(dump, ignore_errors=True)
        tables = {name: _write(shop, dump / name, name) for name in QUERIES}
        document = {"run_id": 1, "cutoff": str(shop.last), "tables": tables, "loads": []}
        manifest.write_text(json.dumps(document))
    return manifest


def _write(shop: Shop, folder: Path, table: str) -> dict[str, object]:
    folder.mkdir(parents=True)
    database = duckdb.connect()
    database.execute("set memory_limit = '4GB'; set preserve_insertion_order = true")
    files = []
    step = max(1, ROWS_PER_FILE // (shop.orders_a_day * 3))
    spans = range(0, shop.days, step) if table in ("orders", "order_lines", "transaction") else [0]
    for number, first_day in enumerate(spans):
        path = folder / f"part-{number:05}.parquet"
        query = shop.query(table, first_day, min(first_day + step, shop.days))
        rows = database.execute(
            f"copy ({query}) to '{path}' (format parquet, compression zstd, row_group_size 122880)").fetchone()[0]
        files.append({"path": str(path).lstrip("/"), "rows": rows, "bytes": path.stat().st_size})
    counted = database.execute(
        f"select partition_date::varchar, count(*) from '{folder}/*.parquet' group by all order by all").fetchall()
    return {"files": files, "dates": {date: {"rows": rows, "content_hash": f"{date}:{rows}"} for date, rows in counted}}


def landing(shop: Shop, recent: int, folder: Path) -> None:
    """What a shop sends: in `catalogue` all that its products and variants were before the last `recent` days, and for
    each of these a folder of that day."""
    shutil.rmtree(folder, ignore_errors=True)
    database = duckdb.connect()
    begin = shop.days - recent
    write = _Landing(database, shop, folder / "catalogue")
    write.batch("product", "true")
    write.batch("variant", f"valid_from = timestamp '{FIRST}'")
    until = FIRST + datetime.timedelta(days=begin)
    write.events("variant", "variant_updates", f"valid_from > timestamp '{FIRST}' and partition_date < date '{until}'")
    for day in range(begin, shop.days):
        date = FIRST + datetime.timedelta(days=day)
        write = _Landing(database, shop, folder / str(date), day)
        for table in ("orders", "order_lines"):
            write.batch(table, f"partition_date = date '{date}'")
        write.events("variant", "variant_updates", f"partition_date = date '{date}'")
        write.events("transaction", "transactions", f"partition_date = date '{date}'")


@dataclass(frozen=True)
class _Landing:
    database: duckdb.DuckDBPyConnection
    shop: Shop
    folder: Path
    day: int = 0

    def batch(self, table: str, condition: str) -> None:
        self._copy(table, condition, self.folder / "batch" / f"{table}.csv", "format csv, header")

    def events(self, table: str, name: str, condition: str) -> None:
        self._copy(table, condition, self.folder / f"{name}.ndjson", "format json")

    def _copy(self, table: str, condition: str, path: Path, form: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        source = f"{table}_version" if table in ("product", "variant") else table
        rows = self.shop.query(source, max(0, self.day - LATEST_PAYMENT), self.day + 1)
        self.database.execute(
            f"copy (select {CONTRACT[table]} from ({rows}) where {condition}) to '{path}' ({form})")


# Orders are numbered from 0; the day of an order is its number divided by the orders of a day. 1 to 4 lines an order;
# every 20th order has a failed attempt before its payment, every 33rd is never paid, every 500th is paid 20 days later.
# What is paid after the last day has not happened yet.
ORDERS = """
    select i, i // {orders_a_day} as day,
           timestamp '{first}' + to_days((i // {orders_a_day})::int)
               + to_microseconds((i % {orders_a_day}) * 86400000000 // {orders_a_day}) as placed_at
    from range({begin}, {end}) as numbers (i)
"""
QUERIES = {
    "orders": """
        select format('o{{:012d}}', i) as id, placed_at as processed_timestamp,
               format('c{{:09d}}', (hash(i) % {customers})::bigint) as customer_id, placed_at::date as partition_date
        from (""" + ORDERS + """) order by i""",
    "order_lines": """
        select format('l{{:013d}}', i * 4 + n) as id, (1 + hash(i, n, 1) % 3)::int as quantity,
               format('v{{:06d}}', (hash(i, n, 2) % {variants})::bigint) as variant_id,
               (100 + hash(i, n, 3) % 20000)::int as revenue, format('o{{:012d}}', i) as order_id,
               placed_at::date as partition_date
        from (""" + ORDERS + """), unnest(range(1 + (i % 4))) as lines (n) order by i, n""",
    "transaction": """
        select format('t{{:013d}}', i * 2 + n) as id, format('o{{:012d}}', i) as order_id,
               case when n = 0 and i % 20 = 0 then 'failure' else 'success' end as status, paid_at as created_at,
               paid_at::date as partition_date
        from (
            select i, n,
                placed_at + to_seconds(30 + n * 60 + (hash(i) % 600)::int)
                    + to_days(case when i % 500 = 0 then 20 else 0 end) as paid_at
            from (""" + ORDERS + """), unnest(range(case when i % 20 = 0 then 2 else 1 end)) as attempts (n)
            where i % 33 <> 7
        ) where paid_at < timestamp '{first}' + to_days({days}) order by partition_date, id""",
    "product_version": """
        select format('p{{:06d}}', i) as product_id, format('Product {{}}', i) as title,
               format('type {{}}', i % 40) as product_type, timestamp '{first}' as created_at,
               timestamp '{first}' as valid_from, 1::int as ordinal, 'upsert' as operation,
               date '{first}' as partition_date
        from range({products}) as numbers (i)""",
    "variant_version": """
        select format('v{{:06d}}', i) as variant_id, format('p{{:06d}}', i % {products}) as product_id,
               (500 + hash(i, day) % 5000)::int as price, format('Variant {{}}', i) as title,
               timestamp '{first}' - to_days(1) as created_at, placed_at as updated_at, placed_at as ingested_at, placed_at as valid_from,
               1::int as ordinal, 'upsert' as operation, placed_at::date as partition_date
        from (
            select i, -1 as day, timestamp '{first}' as placed_at from range({variants}) as numbers (i)
            union all
            select i, day, timestamp '{first}' + to_days(day::int) + to_hours(9) as placed_at
            from range({days}) as days (day), range({variants}) as numbers (i) where (i + day) % 40 = 0
        ) order by partition_date, variant_id""",
    "parked_order_lines": """
        select 0::bigint as parked_id, '' as id, 0::int as quantity, '' as variant_id, 0::int as revenue,
               '' as order_id, date '{first}' as partition_date
        where false""",
}


def main() -> None:
    what, orders_a_day, days, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    shop = Shop(orders_a_day, days)
    if what == "dump":
        print(dump(shop, folder), FIRST, shop.last)
    else:
        landing(shop, int(sys.argv[5]), folder)


if __name__ == "__main__":
    main()
