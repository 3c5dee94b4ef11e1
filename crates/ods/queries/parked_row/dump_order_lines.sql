-- Whatever the cut-off: their orders, which only the warehouse may know, decide the date. Of one line only one waits.
select
    parked.id as parked_id,
    parked.row_id as id,
    (parked.content ->> 'quantity')::int as quantity,
    parked.content ->> 'variant_id' as variant_id,
    (parked.content ->> 'revenue')::int as revenue,
    parked.parent_id as order_id,
    daybook.business_date(parked.parked_at, current_setting('daybook.dump_timezone')) as partition_date
from daybook.parked_row parked
where parked.table_name = 'order_lines' and parked.healed_at is null
