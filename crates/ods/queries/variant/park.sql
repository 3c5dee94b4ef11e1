insert into daybook.parked_row
    (load_id, file, line, table_name, row_id, parent_id, content, raw, parked_at)
select
    $1,
    $2,
    line,
    'variant',
    id,
    product_id,
    jsonb_build_object(
        'price', price, 'title', title, 'created_at', created_at, 'updated_at', updated_at, 'ingested_at', ingested_at
    ),
    raw,
    $3
from stage_variant
where outcome = 'parked'
order by line
