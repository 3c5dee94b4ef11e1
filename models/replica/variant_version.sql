-- Merges by id within a date: an id's versions of one date are replaced together, so that their order is kept.
with

brought as (
    select
        staging.variant_id,
        staging.product_id,
        staging.title,
        staging.operation,
        staging.price,
        staging.ordinal,
        staging.created_at,
        staging.updated_at,
        staging.ingested_at,
        staging.valid_from,
        staging.partition_date
    from variant_version_staging as staging
    where staging.partition_date in (:dates)
),

kept as (
    select
        held.variant_id,
        held.product_id,
        held.title,
        held.operation,
        held.price,
        held.ordinal,
        held.created_at,
        held.updated_at,
        held.ingested_at,
        held.valid_from,
        held.partition_date
    from variant_version as held
    where
        held.partition_date in (:dates)
        and not exists (
            select 1
            from brought
            where
                brought.variant_id = held.variant_id
                and brought.partition_date = held.partition_date
        )
)

select
    variant_id,
    product_id,
    title,
    operation,
    price,
    ordinal,
    created_at,
    updated_at,
    ingested_at,
    valid_from,
    partition_date
from brought
union all
select
    variant_id,
    product_id,
    title,
    operation,
    price,
    ordinal,
    created_at,
    updated_at,
    ingested_at,
    valid_from,
    partition_date
from kept
