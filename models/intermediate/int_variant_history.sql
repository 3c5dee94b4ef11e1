-- One row for each stretch of days at whose ends the variant was in one state.
with

day_ends as (
    select
        version.variant_id,
        version.product_id,
        version.title,
        version.operation,
        version.price,
        version.created_at,
        version.updated_at,
        version.ingested_at,
        version.partition_date as valid_from_date,
        row_number() over (
            partition by version.variant_id, version.partition_date
            order by version.valid_from desc, version.ordinal desc
        ) as recency
    from variant_version as version
)

select
    variant_id,
    product_id,
    title,
    operation,
    price,
    created_at,
    updated_at,
    ingested_at,
    valid_from_date,
    lead(valid_from_date) over (partition by variant_id order by valid_from_date) as valid_to_date
from day_ends
where recency = 1
