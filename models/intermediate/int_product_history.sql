-- One row for each stretch of days at whose ends the product was in one state.
with

versions as (
    select
        version.product_id,
        version.title,
        version.product_type,
        version.operation,
        version.created_at,
        version.partition_date as valid_from_date,
        lead(version.partition_date) over (
            partition by version.product_id
            order by version.partition_date, version.valid_from, version.ordinal
        ) as valid_to_date
    from product_version as version
)

select
    product_id,
    title,
    product_type,
    operation,
    created_at,
    valid_from_date,
    valid_to_date
from versions
-- of several on one date the last one is its end's state
where
    valid_to_date is null
    or valid_to_date <> valid_from_date
