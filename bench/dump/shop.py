"""The rows to dump: the contract's own tables, filled by the server itself."""

from dataclasses import dataclass
from pathlib import Path

from postgres import Server

MIGRATIONS = Path(__file__).resolve().parents[2] / "crates/ods/migrations"
DAYS = 3
# Every order is of these days, so a dump up to the last one holds all of them.
FIRST_DAY, LAST_DAY = "2024-05-01", "2024-05-03"

# Increasing 13-digit ids with gaps and increasing times, 2 or 3 lines an order, as in the loading benchmark. Indexes
# are filled at the end, which is several times faster; no trigger looks at the rows.
FILL = """
set session_replication_role = replica;
create temporary table filled as
    select indexrelid from pg_index
    where indrelid in ('ods.orders'::regclass, 'ods.order_lines'::regclass);
update pg_index set indisready = false where indexrelid in (select indexrelid from filled);
insert into ods.orders
select
    (1000000000000 + n * 7)::text,
    timestamp '{first_day}' + n * (interval '{days} days' / {orders}),
    (3000000000000 + n * 7919 % 300000)::text
from generate_series(0::bigint, {orders} - 1) as n;
insert into ods.order_lines
select
    (2000000000000 + n * 3)::text,
    1 + n % 3,
    (30000 + n * 104729 % 6000)::text,
    100 + n * 7907 % 20000,
    (1000000000000 + n * 2 / 5 * 7)::text
from generate_series(0::bigint, {lines} - 1) as n;
update pg_index set indisready = true where indexrelid in (select indexrelid from filled);
reindex table ods.orders;
reindex table ods.order_lines;
"""


@dataclass(frozen=True)
class Totals:
    """What a dump of both tables must hold."""

    orders: int
    lines: int
    quantity: int
    revenue: int
    table_mib: int


def provide(server: Server, database: str, lines: int) -> Totals:
    """Fills the tables with `lines` lines and two fifths as many orders."""
    server.create(database)
    server.ask(database, "-c", "create schema daybook", *(
        argument for file in sorted(MIGRATIONS.glob("*.sql")) for argument in ("-f", str(file))
    ))
    orders = -(-lines * 2 // 5)
    server.ask(database, "-c", FILL.format(first_day=FIRST_DAY, days=DAYS, orders=orders, lines=lines))
    server.ask(database, "-c", "vacuum analyze")
    server.checkpoint()
    found = server.ask(database, "-c", """
        select (select count(*) from ods.orders), count(*), sum(quantity), sum(revenue),
            pg_table_size('ods.order_lines') / 1048576
        from ods.order_lines
    """)
    return Totals(*map(int, found.split("|")))
