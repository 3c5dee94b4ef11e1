"""Builds the models from a dump with DuckDB: `duckdb_build.py MODELS DUMP OUTPUT MEMORY_MIB`.

MODELS is what `assemble --sql` printed. Each stored model is written as Parquet, partitioned by date and in its order,
and later models read it from there. Then all tests of the models are run. A line of JSON a model says how long it took,
and one how long the tests took.
"""

import json
import sys
import time
from pathlib import Path

import duckdb

STAGED = ("orders", "order_lines", "transaction", "product_version", "variant_version", "parked_order_lines")


def main() -> None:
    models, dump, output, memory = (Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
    output.mkdir(parents=True)
    database = duckdb.connect()
    database.execute(f"set memory_limit = '{memory}MiB'; set temp_directory = '{output}/spilled'")
    for table in STAGED:
        database.execute(f"create view {table}_staging as from read_parquet('{dump}/{table}/*.parquet')")
    database.execute("create table paid_statuses as select 'success' as status")
    database.execute("create table closed_dates as select distinct partition_date from orders_staging")
    declared = [json.loads(line) for line in models.read_text().splitlines()]
    for model in declared:
        started = time.monotonic()
        if model["stored"]:
            build(database, model, output)
            print(json.dumps({"name": model["name"], "seconds": time.monotonic() - started}), flush=True)
        else:
            database.execute(f"create view {model['name']} as {model['sql']}")
    started = time.monotonic()
    for model in declared:
        test(database, model)
    print(json.dumps({"name": "audit", "seconds": time.monotonic() - started}), flush=True)


def build(database: duckdb.DuckDBPyConnection, model: dict, output: Path) -> None:
    name, folder = model["name"], output / model["name"]
    columns = ", ".join(model["columns"])
    if f"{name}_staging" in model["sql"]:
        # it merges into what it held before, which is nothing
        held = f"from read_parquet('{sys.argv[2]}/{name}/*.parquet') limit 0"
        database.execute(f'create view "{name}" as {held}')
    order = ", ".join(["partition_date", *model["sort"]])
    # DuckDB's sums are wider than Parquet's integers, and it would write them as floating point
    types = {row[0]: row[1] for row in database.execute(f"describe {model['sql']}").fetchall()}
    typed = ", ".join(f"{column}::bigint as {column}" if types[column] == "HUGEINT" else column
                      for column in model["columns"])
    database.execute(
        f"copy (select {typed} from ({model['sql']}) order by {order}) to '{folder}' "
        "(format parquet, compression zstd, partition_by (partition_date), write_partition_columns false)")
    files = f"read_parquet('{folder}/*/*.parquet', hive_partitioning = true, hive_types = {{partition_date: date}})"
    # of no rows it writes no file
    written = next(folder.glob("*/*.parquet"), None)
    rows = f"select {columns} from {files}" if written else f"select {columns} from ({model['sql']}) limit 0"
    database.execute(f'create or replace view "{name}" as {rows}')


def test(database: duckdb.DuckDBPyConnection, model: dict) -> None:
    for bad_rows in model["tests"]:
        count = database.execute(f"select count(*) from ({bad_rows})").fetchone()[0]
        if count > 0:
            raise SystemExit(f"{count} rows break a test of {model['name']}: {bad_rows}")


if __name__ == "__main__":
    main()
