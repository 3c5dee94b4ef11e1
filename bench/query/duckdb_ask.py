"""Answers SQL over the files of published books with DuckDB: `duckdb_ask.py MODELS WAREHOUSE MEMORY_MIB`.

MODELS is what `assemble --sql` printed. It reads a query a line, and prints for each a line of JSON: the milliseconds
until the last row was there, and the rows as text.
"""

import json
import sys
import time
from pathlib import Path

import duckdb


def show(database: duckdb.DuckDBPyConnection, model: dict, tables: Path) -> None:
    """A table of its files, and a view of its SQL."""
    name = model["name"]
    if not model["stored"]:
        database.execute(f"create view {name} as {model['sql']}")
        return
    files = sorted(str(file) for file in (tables / name).glob("*/*.parquet"))
    if files:
        database.execute(
            f'create view "{name}" as select {", ".join(model["columns"])} from read_parquet({files}, '
            "hive_partitioning = true, hive_types = {partition_date: date})")


def main() -> None:
    models, warehouse, memory = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    database = duckdb.connect()
    # what it has read of a file's footer once, it need not read again
    database.execute(f"set memory_limit = '{memory}MiB'; set parquet_metadata_cache = true")
    database.execute("create table paid_statuses as select 'success' as status")
    for model in map(json.loads, models.read_text().splitlines()):
        # what reads a table without rows is not asked
        try:
            show(database, model, warehouse / "tables")
        except duckdb.CatalogException:
            continue
    for sql in sys.stdin:
        started = time.monotonic()
        rows = database.execute(sql).fetchall()
        milliseconds = (time.monotonic() - started) * 1000
        print(json.dumps({"milliseconds": milliseconds, "rows": [list(map(text, row)) for row in rows]}), flush=True)


def text(value: object) -> str:
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
