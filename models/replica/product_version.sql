-- Merges by id within a date: an id's versions of one date are replaced together, so that their order is kept.
with

brought as (
    select
        staging.product_id,
        staging.title,
        staging.product_type,
        staging.operation,
        staging.ordinal,
        staging.created_at,
        staging.valid_from,
        staging.partition_date
    from product_version_staging as staging
    where staging.partition_date in (:dates)
),

kept as (
    select
        held.product_id,
        held.title,
        held.product_type,
        held.operation,
        held.ordinal,
        held.created_at,
        held.valid_from,
        held.partition_date
    from product_version as held
    where
        held.partition_date in (:dates)
        and not exists (
            select 1
            from brought
            where
                brought.product_id = held.product_id
                and brought.partition_date = held.partition_date
        )
)

select
    product_id,
    title,
    product_type,
    operation,
    ordinal,
    created_at,
    valid_from,
    partition_date
from brought
union all
select
    product_id,
    title,
    product_type,
    operation,
    ordinal,
    created_at,
    valid_from,
    partition_date
from kept
