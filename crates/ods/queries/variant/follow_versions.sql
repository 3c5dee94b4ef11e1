-- The table holds each arrived variant's latest version; none if that is a deletion.
insert into ods.variant as stored (id, product_id, price, title, created_at, updated_at, ingested_at)
select
    latest.id, latest.product_id, latest.price, latest.title, latest.created_at, latest.updated_at, latest.ingested_at
from (select distinct id from arriving_variant) arrived
cross join lateral (
    select version.*
    from daybook.variant_version version
    where version.id = arrived.id
    order by version.valid_from desc, version.sequence desc
    limit 1
) latest
where latest.operation <> 'delete'
on conflict (id) do update
set
    product_id = excluded.product_id,
    price = excluded.price,
    title = excluded.title,
    created_at = excluded.created_at,
    updated_at = excluded.updated_at,
    ingested_at = excluded.ingested_at
where stored.* is distinct from excluded.*
