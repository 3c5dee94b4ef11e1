"""DuckDB: its postgres extension, all threads that it takes by default, and its own Parquet writer.

    duckdb_dump.py lines|shop FOLDER, with the database in libpq's environment variables
"""

import sys
from pathlib import Path

import duckdb
import duckdb_extension_postgres_scanner as extension

PARQUET = "(format parquet, compression zstd)"


def main(what: str, folder: Path) -> None:
    connection = duckdb.connect()
    (file,) = Path(extension.__path__[0]).glob("**/*.duckdb_extension")
    connection.load_extension(str(file))
    # The order in which rows lie matters to nobody; keeping it costs memory and time.
    connection.execute("set preserve_insertion_order = false")
    connection.execute("attach '' as shop (type postgres, read_only)")
    if what == "lines":
        connection.execute(f"copy (from shop.ods.order_lines) to '{folder}/order_lines.parquet' {PARQUET}")
    else:
        write_shop(connection, folder)


def write_shop(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Orders, and lines with the date of their order; orders are read from PostgreSQL once."""
    connection.execute(f"""
        copy (select *, processed_timestamp::date as partition_date from shop.ods.orders)
        to '{folder}/orders.parquet' {PARQUET}
    """)
    connection.execute(f"""
        copy (
            select lines.*, orders.partition_date
            from shop.ods.order_lines as lines
            inner join '{folder}/orders.parquet' as orders on orders.id = lines.order_id
        ) to '{folder}/order_lines.parquet' {PARQUET}
    """)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
