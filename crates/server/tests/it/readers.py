"""Answers SQL by DuckDB with its extension for Delta tables, a line of CSV for each row."""

import sys
from pathlib import Path

import duckdb
import duckdb_extension_delta as extension

connection = duckdb.connect()
(file,) = Path(extension.__path__[0]).glob("**/*.duckdb_extension")
connection.load_extension(str(file))
for row in connection.sql(sys.argv[1]).fetchall():
    print(*row, sep=",")
