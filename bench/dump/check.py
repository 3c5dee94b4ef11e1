"""Says what Parquet files hold, as JSON: rows, sums, and a hash of the columns that all contenders write.

    check.py ORDERS LINES, each a glob or `-`
"""

import json
import sys

import duckdb

LINES = """
    select count(*), sum(quantity)::bigint, sum(revenue)::bigint,
        bit_xor(hash(id, quantity, variant_id, revenue, order_id))::varchar
    from read_parquet(?)
"""
ORDERS = """
    select count(*), bit_xor(hash(id, processed_timestamp, customer_id, partition_date))::varchar
    from read_parquet(?)
"""
DATES = """
    select partition_date::varchar, count(*), sum(revenue)::bigint from read_parquet(?) group by all order by all
"""


def main(orders: str, lines: str) -> None:
    def ask(sql: str, files: str) -> list[tuple]:
        return duckdb.execute(sql, [files]).fetchall()

    found: dict[str, object] = {"lines": ask(LINES, lines)[0]}
    if orders != "-":
        found |= {"orders": ask(ORDERS, orders)[0], "dates": ask(DATES, lines)}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
