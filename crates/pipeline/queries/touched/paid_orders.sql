-- Dates of the orders whose payments differ from what is held. Runs after the orders and before the transactions
-- are merged.
with

changed as (
    select
        staging.id,
        staging.order_id
    from transaction_staging as staging
    where
        staging.partition_date in (:dates)
        and not exists (
            select 1
            from "transaction" as held
            where
                held.partition_date in (:dates)
                and held.partition_date = staging.partition_date
                and held.id = staging.id
                and held.order_id = staging.order_id
                and held.status = staging.status
                and held.created_at = staging.created_at
        )
),

affected as (
    select order_id
    from changed
    union
    -- the order that an updated transaction paid before
    select held.order_id
    from "transaction" as held
    inner join changed on held.id = changed.id
)

select distinct orders.partition_date
from orders
inner join affected on orders.id = affected.order_id
