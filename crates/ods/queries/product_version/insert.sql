-- A product's first version begins when the product was created, a later one at the batch's time ($1). A row that
-- says what is stored, or what was known at that time already, is no change.
with changed as (
    select
        arriving.line,
        arriving.id,
        arriving.title,
        arriving.product_type,
        arriving.created_at,
        case
            when exists (select from daybook.product_version version where version.id = arriving.id) then $1
            else arriving.created_at
        end as valid_from,
        case when stored.id is null then 'insert' else 'update' end as operation
    from stage_product arriving
    left join ods.product stored on stored.id = arriving.id
    left join lateral (
        select version.title, version.product_type, version.created_at, version.operation
        from daybook.product_version version
        where version.id = arriving.id and version.valid_from <= $1
        order by version.valid_from desc, version.sequence desc
        limit 1
    ) known on true
    where arriving.outcome is null
        and (
            -- against what was known at that time, so that a late batch finds its place in the history
            known.operation is not null
            or (stored.title, stored.product_type, stored.created_at)
                is distinct from (arriving.title, arriving.product_type, arriving.created_at)
        )
        and (
            known.operation is not distinct from 'delete'
            or (known.title, known.product_type, known.created_at)
                is distinct from (arriving.title, arriving.product_type, arriving.created_at)
        )
    order by arriving.line
),

written as (
    insert into daybook.product_version (sequence, id, title, product_type, created_at, valid_from, operation)
    select
        nextval('daybook.version_sequence'), id, title, product_type, created_at, valid_from, operation
    from changed
    on conflict (id, valid_from, (operation = 'delete'), title, product_type, created_at)
    do update set sequence = excluded.sequence
    returning valid_from
)

select
    count(*) as written,
    coalesce(array_agg(distinct daybook.business_date(valid_from, $2)), '{}') as dates
from written
