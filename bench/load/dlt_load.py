"""Loads the batches with dlt, in the fastest way that its documentation recommends for CSV and PostgreSQL.

Runs in the virtual environment of peers.py: dlt_load.py LANDING, the database's URL in DLT_URL.

The files are imported as they are (https://dlthub.com/docs/general-usage/resource#import-external-files), so that no
row passes through Python: copied into dlt's staging tables, and merged from there on the primary key.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import dlt

# The contract's types, so that dlt takes the tables that are there for its own.
COLUMNS = {
    "orders": {
        "id": {"data_type": "text"},
        "processed_timestamp": {"data_type": "timestamp", "timezone": False},
        "customer_id": {"data_type": "text"},
    },
    "order_lines": {
        "id": {"data_type": "text"},
        "quantity": {"data_type": "bigint", "precision": 32},
        "variant_id": {"data_type": "text"},
        "revenue": {"data_type": "bigint", "precision": 32},
        "order_id": {"data_type": "text"},
    },
}


def files(landing: Path, table: str) -> dlt.sources.DltResource:
    def each() -> Iterator[object]:
        for path in sorted(landing.glob(f"batch-*/{table}.csv")):
            yield dlt.mark.with_file_import(str(path), "csv")

    return dlt.resource(
        each,
        name=table,
        columns={name: {"name": name, "nullable": False, **hint} for name, hint in COLUMNS[table].items()},
        primary_key="id",
        write_disposition={"disposition": "merge", "strategy": "upsert"},
    )


def main() -> None:
    landing = Path(sys.argv[1])
    destination = dlt.destinations.postgres(os.environ["DLT_URL"])
    pipeline = dlt.pipeline(pipeline_name="bench", destination=destination, dataset_name="ods")
    # One run a table: in one run of both, lines might be stored before their orders, which the foreign key refuses.
    for table in COLUMNS:
        print(pipeline.run(files(landing, table)))


main()
