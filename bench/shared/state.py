"""All that loads leave in a database, in a form that does not depend on how often they were interrupted."""

from difflib import unified_diff

from postgres import Server

# Ids that are handed out, and times of the clock, are left out: an interrupted load uses some up.
QUERIES = {
    "product": "select * from ods.product order by id",
    "variant": "select * from ods.variant order by id",
    "orders": "select * from ods.orders order by id",
    "order_lines": "select * from ods.order_lines order by id",
    "transaction": "select * from ods.transaction order by id",
    "superseded_transaction": "select * from daybook.superseded_transaction order by 1, 4, 3, 2",
    "product_version": """
        select id, title, product_type, created_at, valid_from, operation
        from daybook.product_version order by id, valid_from, sequence
    """,
    "variant_version": """
        select id, product_id, price, title, created_at, updated_at, ingested_at, valid_from, operation
        from daybook.variant_version order by id, valid_from, sequence
    """,
    "load": """
        select uri, content_hash, state, message, healed, dates_touched, published_in
        from daybook.load order by uri, state
    """,
    "load_file": """
        select l.uri, f.name, f.table_name, f.content_hash, f.uri, f.fingerprint, f.bytes,
            f.rows_read, f.loaded, f.unchanged, f.rejected, f.parked
        from daybook.load_file f join daybook.load l on l.id = f.load_id order by l.uri, f.name
    """,
    "rejected_row": """
        select l.uri, r.file, r.line, r.table_name, r.column_name, r.reason, r.message, r.raw
        from daybook.rejected_row r join daybook.load l on l.id = r.load_id
        order by l.uri, r.file, r.line, r.column_name, r.reason
    """,
    "parked_row": """
        select l.uri, p.file, p.line, p.table_name, p.row_id, p.parent_id, p.content, p.raw,
            p.healed_at is not null, p.healed_by
        from daybook.parked_row p join daybook.load l on l.id = p.load_id order by l.uri, p.file, p.line
    """,
}
MOST_SHOWN = 20

State = dict[str, list[str]]


def state_of(server: Server, database: str) -> State:
    return {name: server.ask(database, "-c", query).splitlines() for name, query in QUERIES.items()}


def differences(expected: State, found: State) -> list[str]:
    """The first lines in which two states differ; nothing if they are the same."""
    shown: list[str] = []
    for name, lines in expected.items():
        shown += unified_diff(lines, found[name], f"{name}, undisturbed", f"{name}, killed", lineterm="", n=0)
    return shown[:MOST_SHOWN]


def troubles(server: Server, database: str) -> dict[str, int]:
    """How much of each trouble there was."""
    found = server.ask(database, "-c", """
        select (select count(*) from daybook.load where state = 'refused'),
            (select count(*) from daybook.rejected_row),
            (select count(*) from daybook.parked_row where healed_at is null),
            (select count(*) from daybook.parked_row where healed_by = 'load'),
            (select sum(unchanged) from daybook.load_file)
    """)
    names = ("batches refused", "rows rejected", "rows that wait", "rows healed", "rows unchanged")
    return dict(zip(names, map(int, found.split("|")), strict=True))
