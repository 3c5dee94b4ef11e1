with

-- the previous price may be of any earlier date, but only of variants that have versions on the dates being built
built as (
    select distinct variant_id
    from variant_version
    where partition_date in (:dates)
),

priced as (
    select
        version.variant_id,
        version.product_id,
        version.ordinal,
        version.price,
        version.valid_from,
        version.partition_date,
        lag(version.price) over (
            partition by version.variant_id
            order by version.valid_from, version.ordinal
        ) as old_price
    from variant_version as version
    inner join built on version.variant_id = built.variant_id
    -- a removal is no price; coming back at the same price is no change
    where version.operation <> 'delete'
)

select
    partition_date,
    variant_id,
    product_id,
    valid_from as changed_at,
    ordinal,
    old_price,
    price as new_price,
    case
        when old_price <> 0 then round((cast(price as double) - old_price) * 100 / old_price, 2)
    end as change_percent
from priced
where
    price <> old_price
    and partition_date in (:dates)
