"""Compares two builds: `check.py MODELS WAREHOUSE OUTPUT` ends with 1 and names the tables whose rows differ."""

import json
import sys
from pathlib import Path

import duckdb


def content(database: duckdb.DuckDBPyConnection, folder: Path, columns: list[str]) -> tuple[object, ...]:
    """The number of rows, and a sum of their hashes that does not depend on their order."""
    if next(folder.glob("*/*.parquet"), None) is None:
        return 0, None
    files = f"read_parquet('{folder}/*/*.parquet', hive_partitioning = true, hive_types = {{partition_date: date}})"
    rows = ", ".join(columns)
    return database.execute(f"select count(*), sum(hash({rows})::hugeint) from {files}").fetchone()


def main() -> int:
    models, warehouse, output = map(Path, sys.argv[1:])
    database = duckdb.connect()
    differing = []
    for model in map(json.loads, models.read_text().splitlines()):
        if model["stored"]:
            name, columns = model["name"], model["columns"]
            ours, theirs = (content(database, folder / name, columns) for folder in (warehouse / "tables", output))
            if ours != theirs:
                differing.append(f"{name}: {ours} and {theirs}")
    print("\n".join(differing))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
