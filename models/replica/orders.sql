-- Merges by id: what the run brings replaces what is held; what it does not bring stays.
with

brought as (
    select
        staging.id,
        staging.customer_id,
        staging.processed_timestamp,
        staging.partition_date
    from orders_staging as staging
    where staging.partition_date in (:dates)
),

kept as (
    select
        held.id,
        held.customer_id,
        held.processed_timestamp,
        held.partition_date
    from orders as held
    where
        held.partition_date in (:dates)
        -- by id alone: an order that was brought under another date has moved there
        and not exists (
            select 1
            from orders_staging as staging
            where staging.id = held.id
        )
)

select
    id,
    processed_timestamp,
    customer_id,
    partition_date
from brought
union all
select
    id,
    processed_timestamp,
    customer_id,
    partition_date
from kept
