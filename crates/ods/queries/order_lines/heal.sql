-- A line whose id was given to another order in the meantime keeps waiting.
with healed as (
    update daybook.parked_row parked
    set healed_at = $2, healed_by = $3
    where parked.id in ({waiting})
        and not exists (
            select from ods.order_lines stored
            where stored.id = parked.row_id and stored.order_id <> parked.parent_id
        )
    returning parked.row_id, parked.parent_id, parked.content
),

written as (
    insert into ods.order_lines as stored (id, quantity, variant_id, revenue, order_id)
    select
        row_id,
        (content ->> 'quantity')::int,
        content ->> 'variant_id',
        (content ->> 'revenue')::int,
        parent_id
    from healed
    on conflict (id) do update
    set quantity = excluded.quantity, variant_id = excluded.variant_id, revenue = excluded.revenue
    returning order_id
)

select
    count(*) as written,
    coalesce(array_agg(distinct daybook.business_date(orders.processed_timestamp, $1)), '{}') as dates
from written
inner join ods.orders on orders.id = written.order_id
