with

built as (
    select distinct variant_id
    from variant_version
    where partition_date in (:dates)
),

versions as (
    select
        version.variant_id,
        version.product_id,
        version.price,
        version.partition_date,
        row_number() over (
            partition by version.variant_id, version.partition_date
            order by version.valid_from desc, version.ordinal desc
        ) as recency
    from variant_version as version
    inner join built on version.variant_id = built.variant_id
    -- a removal is no price
    where version.operation <> 'delete'
),

day_ends as (
    select
        variant_id,
        product_id,
        price,
        partition_date,
        lag(price) over (partition by variant_id order by partition_date) as old_price
    from versions
    where recency = 1
)

select
    partition_date,
    variant_id,
    product_id,
    old_price,
    price as new_price,
    case
        when old_price <> 0 then round((cast(price as double) - old_price) * 100 / old_price, 2)
    end as change_percent
from day_ends
where
    price <> old_price
    and partition_date in (:dates)
