with

lines as (
    select
        fact.partition_date,
        fact.product_id,
        fact.variant_id,
        fact.order_id,
        fact.quantity,
        fact.revenue,
        paid_statuses.status is not null as is_paid
    from dwd_orders_variant_status as fact
    left join paid_statuses on fact.order_status = paid_statuses.status
    where fact.partition_date in (:dates)
)

select
    partition_date,
    product_id,
    variant_id,
    count(distinct order_id) as orders,
    count(distinct case when is_paid then order_id end) as paid_orders,
    sum(case when quantity > 0 then cast(quantity as bigint) else 0 end) as sold_units,
    sum(cast(quantity as bigint)) as units,
    sum(case when is_paid then cast(quantity as bigint) else 0 end) as paid_units,
    sum(cast(revenue as bigint)) as revenue,
    sum(case when is_paid then cast(revenue as bigint) else 0 end) as paid_revenue
from lines
group by
    partition_date,
    product_id,
    variant_id
