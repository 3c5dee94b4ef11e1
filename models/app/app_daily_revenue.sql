with

order_totals as (
    select
        payments.partition_date,
        count(*) as orders,
        sum(case when payments.is_paid then 1 else 0 end) as paid_orders,
        count(distinct payments.customer_id) as customers
    from int_order_payments as payments
    where payments.partition_date in (:dates)
    group by payments.partition_date
),

lines as (
    select
        fact.partition_date,
        fact.product_id,
        fact.quantity,
        fact.revenue,
        paid_statuses.status is not null as is_paid
    from dwd_orders_variant_status as fact
    left join paid_statuses on fact.order_status = paid_statuses.status
    where fact.partition_date in (:dates)
),

line_totals as (
    select
        partition_date,
        count(distinct product_id) as products,
        sum(cast(quantity as bigint)) as units,
        sum(case when is_paid then cast(quantity as bigint) else 0 end) as paid_units,
        sum(cast(revenue as bigint)) as revenue,
        sum(case when is_paid then cast(revenue as bigint) else 0 end) as paid_revenue
    from lines
    group by partition_date
)

select
    order_totals.partition_date,
    order_totals.orders,
    order_totals.paid_orders,
    order_totals.customers,
    coalesce(line_totals.products, 0) as products,
    coalesce(line_totals.units, 0) as units,
    coalesce(line_totals.paid_units, 0) as paid_units,
    coalesce(line_totals.revenue, 0) as revenue,
    coalesce(line_totals.paid_revenue, 0) as paid_revenue
from order_totals
left join line_totals on order_totals.partition_date = line_totals.partition_date
