select
    version.id as variant_id,
    version.product_id,
    version.price,
    version.title,
    version.created_at,
    version.updated_at,
    version.ingested_at,
    version.valid_from,
    (row_number() over (partition by version.id, version.valid_from order by version.sequence))::int as ordinal,
    case when version.operation = 'delete' then 'delete' else 'upsert' end as operation,
    daybook.business_date(version.valid_from, current_setting('daybook.dump_timezone')) as partition_date
from daybook.variant_version version
where version.valid_from < current_setting('daybook.dump_before')::timestamp
