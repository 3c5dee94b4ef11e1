-- One group of events: ids ($1), orders ($2), statuses ($3) and times ($4). Of all events of one transaction the
-- greatest wins, as in upsert.sql: the latest, then a paid one ($5 lists the paid statuses), then the greater text.
-- Rows are written in the order of their ids, as upsert.sql does, so that two writers don't wait for each other.
-- Gives the positions, from 1, of the events that changed their rows.
with event as (
    select
        arrived.id collate "C" as id,
        arrived.order_id collate "C" as order_id,
        arrived.status collate "C" as status,
        arrived.created_at,
        arrived.position
    from unnest($1::text[], $2::text[], $3::text[], $4::timestamp[]) with ordinality
        as arrived (id, order_id, status, created_at, position)
),

arriving as (
    select distinct on (id) id, order_id, status, created_at, position
    from event
    order by id, created_at desc, (status = any($5)) desc, status desc, order_id desc, position
),

written as (
    insert into ods.transaction as stored (id, order_id, status, created_at)
    select id, order_id, status, created_at from arriving order by id
    on conflict (id) do update
    set order_id = excluded.order_id, status = excluded.status, created_at = excluded.created_at
    where (excluded.created_at, excluded.status = any($5), excluded.status collate "C", excluded.order_id)
        > (stored.created_at, stored.status = any($5), stored.status collate "C", stored.order_id)
    returning id
)

select coalesce(array_agg(arriving.position), '{}')
from arriving
inner join written on written.id = arriving.id
