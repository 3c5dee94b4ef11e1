-- Every parked variant is a version of its own: all of them heal, in the order in which they came.
with healed as (
    update daybook.parked_row parked
    set healed_at = $1, healed_by = $2
    where parked.id in ({waiting})
        and exists (select from ods.product where product.id = parked.parent_id)
    returning parked.id, parked.row_id, parked.parent_id, parked.content
)

insert into arriving_variant (ordinal, id, product_id, price, title, created_at, updated_at, ingested_at)
select
    id,
    row_id,
    parent_id,
    (content ->> 'price')::int,
    content ->> 'title',
    (content ->> 'created_at')::timestamp,
    (content ->> 'updated_at')::timestamp,
    (content ->> 'ingested_at')::timestamp
from healed
