-- Dates where a parked line finds its order, and those that it leaves if it is held under another one. Runs after the
-- orders are merged.
with

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
)

select healed.partition_date
from healed
where
    not exists (
        select 1
        from order_lines as held
        where
            held.partition_date = healed.partition_date
            and held.id = healed.id
            and held.quantity = healed.quantity
            and held.variant_id = healed.variant_id
            and held.revenue = healed.revenue
            and held.order_id = healed.order_id
    )
union
select held.partition_date
from order_lines as held
inner join healed on held.id = healed.id
where held.partition_date <> healed.partition_date
