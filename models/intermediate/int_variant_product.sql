-- Which product a variant belongs to on a date: that of its last version up to the date's end, else that of its
-- first version ever. A removal does not erase it, so removals are left out.
with

versions as (
    select
        version.variant_id,
        version.product_id,
        version.partition_date,
        row_number() over (
            partition by version.variant_id
            order by version.valid_from, version.ordinal
        ) as age,
        row_number() over (
            partition by version.variant_id, version.partition_date
            order by version.valid_from desc, version.ordinal desc
        ) as recency_of_day
    from variant_version as version
    where version.operation <> 'delete'
),

day_ends as (
    select
        variant_id,
        product_id,
        partition_date,
        lag(product_id) over (partition by variant_id order by partition_date) as previous_product_id
    from versions
    where recency_of_day = 1
),

starts as (
    select
        variant_id,
        product_id,
        date '0001-01-01' as valid_from_date
    from versions
    where age = 1
    union all
    select
        variant_id,
        product_id,
        partition_date as valid_from_date
    from day_ends
    where previous_product_id is null or previous_product_id <> product_id
)

select
    variant_id,
    product_id,
    valid_from_date,
    lead(valid_from_date) over (partition by variant_id order by valid_from_date) as valid_to_date
from starts
