insert into daybook.parked_row
    (load_id, file, line, table_name, row_id, parent_id, content, raw, parked_at)
select
    $1,
    $2,
    line,
    'order_lines',
    id,
    order_id,
    jsonb_build_object('quantity', quantity, 'variant_id', variant_id, 'revenue', revenue),
    raw,
    $3
from stage_order_lines
where outcome = 'parked'
order by line
