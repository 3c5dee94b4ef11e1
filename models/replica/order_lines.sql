-- Merges by id. A line lies where its order lies, so an order that moved takes its lines with it.
with

brought as (
    select
        staging.id,
        staging.variant_id,
        staging.order_id,
        staging.quantity,
        staging.revenue,
        staging.partition_date
    from order_lines_staging as staging
    union all
    -- lines that came after their order had left the ODS
    select
        parked.id,
        parked.variant_id,
        parked.order_id,
        parked.quantity,
        parked.revenue,
        orders.partition_date
    from parked_order_lines_staging as parked
    inner join orders on parked.order_id = orders.id
    where
        not exists (
            select 1
            from order_lines_staging as staging
            where staging.id = parked.id
        )
),

kept as (
    select
        held.id,
        held.variant_id,
        held.order_id,
        held.quantity,
        held.revenue,
        held.partition_date
    from order_lines as held
    where
        held.partition_date in (:dates)
        and not exists (
            select 1
            from brought
            where brought.id = held.id
        )
        and not exists (
            select 1
            from orders_staging as moved
            where moved.id = held.order_id and moved.partition_date <> held.partition_date
        )
),

moved as (
    select
        held.id,
        held.variant_id,
        held.order_id,
        held.quantity,
        held.revenue,
        brought_order.partition_date
    from order_lines as held
    inner join orders_staging as brought_order on held.order_id = brought_order.id
    where
        held.partition_date in (:dates)
        and brought_order.partition_date <> held.partition_date
        and not exists (
            select 1
            from brought
            where brought.id = held.id
        )
)

select
    id,
    quantity,
    variant_id,
    revenue,
    order_id,
    partition_date
from brought
where partition_date in (:dates)
union all
select
    id,
    quantity,
    variant_id,
    revenue,
    order_id,
    partition_date
from kept
union all
select
    id,
    quantity,
    variant_id,
    revenue,
    order_id,
    partition_date
from moved
where partition_date in (:dates)
