"""ConnectorX: PostgreSQL's binary protocol into Arrow, by as many connections as there are cores; then pyarrow.

    connectorx_dump.py lines|shop FOLDER, with the database in DUMP_URL
"""

import os
import sys
from pathlib import Path

import connectorx
import pyarrow.parquet

LINES = "select * from ods.order_lines as rows where {part}"
DATED_LINES = """
    select rows.*, orders.processed_timestamp::date as partition_date
    from ods.order_lines as rows inner join ods.orders on orders.id = rows.order_id where {part}
"""
DATED_ORDERS = "select *, processed_timestamp::date as partition_date from ods.orders as rows where {part}"


def main(what: str, folder: Path) -> None:
    if what == "shop":
        write(DATED_ORDERS, "orders", folder)
    write(LINES if what == "lines" else DATED_LINES, "order_lines", folder)


def write(query: str, table: str, folder: Path) -> None:
    url = os.environ["DUMP_URL"]
    queries = [query.format(part=part) for part in parts(url, table)]
    rows = connectorx.read_sql(url, queries, return_type="arrow")
    pyarrow.parquet.write_table(rows, folder / f"{table}.parquet", compression="zstd")


def parts(url: str, table: str) -> list[str]:
    """Equal ranges of the table's blocks: it partitions by numeric columns only, and there is none that would do."""
    size = f"select (pg_relation_size('ods.{table}') / 8192)::bigint as blocks"
    blocks = connectorx.read_sql(url, size, return_type="arrow")["blocks"][0].as_py()
    count = len(os.sched_getaffinity(0))
    ends = [blocks * number // count for number in range(count + 1)]
    return [f"rows.ctid >= '({first},0)' and rows.ctid < '({end},0)'" for first, end in zip(ends, ends[1:])]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
