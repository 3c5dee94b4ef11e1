insert into daybook.load_file (
    load_id, name, table_name, content_hash, uri, fingerprint, header, bytes, rows_read, loaded, unchanged, rejected,
    parked
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
