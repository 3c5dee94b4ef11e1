-- Merges by id within a date: a transaction that was updated on a later date stands under both.
with

brought as (
    select
        staging.id,
        staging.order_id,
        staging.status,
        staging.created_at,
        staging.partition_date
    from transaction_staging as staging
    where staging.partition_date in (:dates)
),

kept as (
    select
        held.id,
        held.order_id,
        held.status,
        held.created_at,
        held.partition_date
    from "transaction" as held
    where
        held.partition_date in (:dates)
        and not exists (
            select 1
            from brought
            where
                brought.id = held.id
                and brought.partition_date = held.partition_date
        )
)

select
    id,
    order_id,
    status,
    created_at,
    partition_date
from brought
union all
select
    id,
    order_id,
    status,
    created_at,
    partition_date
from kept
