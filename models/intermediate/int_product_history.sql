-- One row for each stretch of days at whose ends the product was in one state.
with

day_ends as (
    select
        version.product_id,
        version.title,
        version.product_type,
        version.operation,
        version.created_at,
        version.partition_date as valid_from_date,
        row_number() over (
            partition by version.product_id, version.partition_date
            order by version.valid_from desc, version.ordinal desc
        ) as recency
    from product_version as version
)

select
    product_id,
    title,
    product_type,
    operation,
    created_at,
    valid_from_date,
    lead(valid_from_date) over (partition by product_id order by valid_from_date) as valid_to_date
from day_ends
where recency = 1
