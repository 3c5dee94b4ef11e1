with written as (
    insert into ods.order_lines as stored (id, quantity, variant_id, revenue, order_id)
    select id, quantity, variant_id, revenue, order_id from stage_order_lines where outcome is null
    on conflict (id) do update
    set quantity = excluded.quantity, variant_id = excluded.variant_id, revenue = excluded.revenue
    where (stored.quantity, stored.variant_id, stored.revenue)
        is distinct from (excluded.quantity, excluded.variant_id, excluded.revenue)
    returning order_id
)

select
    count(*) as written,
    coalesce(array_agg(distinct daybook.business_date(orders.processed_timestamp, $1)), '{}') as dates
from written
inner join ods.orders on orders.id = written.order_id
