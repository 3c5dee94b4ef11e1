-- The table holds each arrived product's latest version; none if that is a deletion.
insert into ods.product as stored (id, title, product_type, created_at)
select latest.id, latest.title, latest.product_type, latest.created_at
from stage_product arriving
cross join lateral (
    select version.id, version.title, version.product_type, version.created_at, version.operation
    from daybook.product_version version
    where version.id = arriving.id
    order by version.valid_from desc, version.sequence desc
    limit 1
) latest
where arriving.outcome is null and latest.operation <> 'delete'
on conflict (id) do update
set title = excluded.title, product_type = excluded.product_type, created_at = excluded.created_at
where (stored.title, stored.product_type, stored.created_at)
    is distinct from (excluded.title, excluded.product_type, excluded.created_at)
