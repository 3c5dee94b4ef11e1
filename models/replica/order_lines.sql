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

held as (
    select
        line.id,
        line.variant_id,
        line.order_id,
        line.quantity,
        line.revenue,
        line.partition_date
    from order_lines as line
    where
        line.partition_date in (:dates)
        and not exists (
            select 1
            from brought
            where brought.id = line.id
        )
),

-- apart from those that move, so that of the dates being written only their own files are read
kept as (
    select
        held.id,
        held.variant_id,
        held.order_id,
        held.quantity,
        held.revenue,
        held.partition_date
    from held
    where
        not exists (
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
        orders_staging.partition_date
    from held
    inner join orders_staging on held.order_id = orders_staging.id
    where orders_staging.partition_date <> held.partition_date
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
