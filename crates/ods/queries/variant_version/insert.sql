-- Rows become versions in the order in which they arrived; one that was known already moves to the end of its time.
with arrived as (
    select distinct on (id, product_id, price, title, created_at, updated_at, ingested_at) *
    from arriving_variant
    order by id, product_id, price, title, created_at, updated_at, ingested_at, ordinal desc
),

in_order as (
    select
        arrived.*,
        case
            when exists (select from ods.variant stored where stored.id = arrived.id) then 'update'
            else 'insert'
        end as operation
    from arrived
    order by arrived.ordinal
),

written as (
    insert into daybook.variant_version (
        sequence, id, product_id, price, title, created_at, updated_at, ingested_at, valid_from, operation
    )
    select
        nextval('daybook.version_sequence'),
        id,
        product_id,
        price,
        title,
        created_at,
        updated_at,
        ingested_at,
        updated_at,
        operation
    from in_order
    on conflict
        (id, valid_from, (operation = 'delete'), product_id, price, title, created_at, updated_at, ingested_at)
    do update set sequence = excluded.sequence
    returning valid_from, xmax = 0 as is_new
)

select
    count(*) filter (where is_new) as written,
    coalesce(
        array_agg(distinct daybook.business_date(valid_from, $1)) filter (where is_new), '{}'
    ) as dates
from written
