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
),

-- by order first: counting distinct orders would keep a set of them for every variant and date
order_sales as (
    select
        partition_date,
        product_id,
        variant_id,
        order_id,
        is_paid,
        sum(case when quantity > 0 then cast(quantity as bigint) else 0 end) as sold_units,
        sum(cast(quantity as bigint)) as units,
        sum(cast(revenue as bigint)) as revenue
    from lines
    group by
        partition_date,
        product_id,
        variant_id,
        order_id,
        is_paid
)

select
    partition_date,
    product_id,
    variant_id,
    count(*) as orders,
    sum(case when is_paid then 1 else 0 end) as paid_orders,
    sum(sold_units) as sold_units,
    sum(units) as units,
    sum(case when is_paid then units else 0 end) as paid_units,
    sum(revenue) as revenue,
    sum(case when is_paid then revenue else 0 end) as paid_revenue
from order_sales
group by
    partition_date,
    product_id,
    variant_id
