-- The ordinal says how versions of one time follow each other; unlike the sequence, it is the same wherever the same
-- versions arrived in the same order.
select
    version.id as product_id,
    version.title,
    version.product_type,
    version.created_at,
    version.valid_from,
    (row_number() over (partition by version.id, version.valid_from order by version.sequence))::int as ordinal,
    case when version.operation = 'delete' then 'delete' else 'upsert' end as operation,
    daybook.business_date(version.valid_from, current_setting('daybook.dump_timezone')) as partition_date
from daybook.product_version version
where version.valid_from < current_setting('daybook.dump_before')::timestamp
