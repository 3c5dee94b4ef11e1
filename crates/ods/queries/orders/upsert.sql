-- The last load wins; a row that says nothing new is not rewritten. An order that moves touches both its dates.
with arriving as (
    select id, processed_timestamp, customer_id from stage_orders where outcome is null
),

before as (
    select stored.id, stored.processed_timestamp
    from ods.orders stored
    inner join arriving on arriving.id = stored.id
),

written as (
    insert into ods.orders as stored (id, processed_timestamp, customer_id)
    select id, processed_timestamp, customer_id from arriving
    on conflict (id) do update
    set processed_timestamp = excluded.processed_timestamp, customer_id = excluded.customer_id
    where (stored.processed_timestamp, stored.customer_id)
        is distinct from (excluded.processed_timestamp, excluded.customer_id)
    returning id, processed_timestamp
),

touched as (
    select processed_timestamp from written
    union all
    select before.processed_timestamp from before inner join written on written.id = before.id
)

select
    (select count(*) from written) as written,
    coalesce(array_agg(distinct daybook.business_date(processed_timestamp, $1)), '{}') as dates
from touched
