-- Events that changed nothing: ids ($1), orders ($2), statuses ($3) and times ($4). Those are kept that a later state
-- had replaced before they came. If that state has left meanwhile, it is in the warehouse, and an event that is kept
-- without need does no harm there.
insert into daybook.superseded_transaction (id, order_id, status, created_at)
select arrived.id, arrived.order_id, arrived.status, arrived.created_at
from unnest($1::text[], $2::text[], $3::text[], $4::timestamp[])
    as arrived (id, order_id, status, created_at)
where arrived.created_at < coalesce(
    (select transaction.created_at from ods.transaction where transaction.id = arrived.id),
    'infinity'
)
on conflict do nothing
