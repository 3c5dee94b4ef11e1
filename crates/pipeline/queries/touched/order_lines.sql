-- Dates whose lines differ from what is held: those that the run brings, those where a parked line finds its order,
-- and those that a moved line leaves. Runs after the orders are merged.
with

changed as (
    select id, quantity, variant_id, revenue, order_id, partition_date
    from order_lines_staging
    where partition_date in (:dates)
    except
    select id, quantity, variant_id, revenue, order_id, partition_date
    from order_lines
    where partition_date in (:dates)
),

healed as (
    select
        parked.id,
        parked.quantity,
        parked.variant_id,
        parked.revenue,
        parked.order_id,
        orders.partition_date
    from parked_order_lines_staging as parked
    inner join orders on parked.order_id = orders.id
    where
        not exists (
            select 1
            from order_lines_staging as staging
            where staging.id = parked.id
        )
    except
    select id, quantity, variant_id, revenue, order_id, partition_date
    from order_lines
),

brought as (
    select id, partition_date
    from changed
    union all
    select id, partition_date
    from healed
)

select partition_date
from brought
union
select held.partition_date
from order_lines as held
inner join brought on held.id = brought.id
where held.partition_date <> brought.partition_date
