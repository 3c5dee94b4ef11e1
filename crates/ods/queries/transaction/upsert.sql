-- Of all events of one transaction the greatest wins, whatever the order in which they arrive: the latest, then a
-- paid one ($1 lists the paid statuses), then the greater text.
with arriving as (
    select distinct on (id) id, order_id, status, created_at
    from stage_transaction
    where outcome is null
    order by id, created_at desc, (status = any($1)) desc, status collate "C" desc, order_id desc
),

written as (
    insert into ods.transaction as stored (id, order_id, status, created_at)
    select id, order_id, status, created_at from arriving
    on conflict (id) do update
    set order_id = excluded.order_id, status = excluded.status, created_at = excluded.created_at
    where (excluded.created_at, excluded.status = any($1), excluded.status collate "C", excluded.order_id)
        > (stored.created_at, stored.status = any($1), stored.status collate "C", stored.order_id)
    returning order_id, created_at
),

touched as (
    select created_at as at from written
    union all
    select orders.processed_timestamp from written inner join ods.orders on orders.id = written.order_id
)

select
    (select count(*) from written) as written,
    coalesce(array_agg(distinct daybook.business_date(at, $2)), '{}') as dates
from touched
