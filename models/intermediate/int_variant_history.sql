-- One row for each stretch of days at whose ends the variant was in one state.
with

versions as (
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
        lead(version.partition_date) over (
            partition by version.variant_id
            order by version.partition_date, version.valid_from, version.ordinal
        ) as valid_to_date
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
    valid_to_date
from versions
-- of several on one date the last one is its end's state
where
    valid_to_date is null
    or valid_to_date <> valid_from_date
