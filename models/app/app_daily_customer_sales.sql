with

-- from the payments, so that an order without lines counts
order_sales as (
    select
        partition_date,
        customer_id,
        count(*) as orders,
        sum(case when is_paid then 1 else 0 end) as paid_orders,
        min(order_processed_timestamp) as first_order_at,
        max(order_processed_timestamp) as last_order_at
    from int_order_payments
    where partition_date in (:dates)
    group by
        partition_date,
        customer_id
),

-- by product first: counting distinct products would keep a set of them for every customer and date
product_sales as (
    select
        payments.partition_date,
        payments.customer_id,
        fact.product_id,
        sum(cast(fact.quantity as bigint)) as units,
        sum(case when payments.is_paid then cast(fact.quantity as bigint) else 0 end) as paid_units,
        sum(cast(fact.revenue as bigint)) as revenue,
        sum(case when payments.is_paid then cast(fact.revenue as bigint) else 0 end) as paid_revenue
    from int_order_payments as payments
    inner join dwd_orders_variant_status as fact
        on
            payments.order_id = fact.order_id
            and payments.partition_date = fact.partition_date
    where
        payments.partition_date in (:dates)
        and fact.partition_date in (:dates)
    group by
        payments.partition_date,
        payments.customer_id,
        fact.product_id
),

line_sales as (
    select
        partition_date,
        customer_id,
        count(*) as products,
        sum(units) as units,
        sum(paid_units) as paid_units,
        sum(revenue) as revenue,
        sum(paid_revenue) as paid_revenue
    from product_sales
    group by
        partition_date,
        customer_id
)

select
    order_sales.partition_date,
    order_sales.customer_id,
    order_sales.orders,
    order_sales.paid_orders,
    coalesce(line_sales.products, 0) as products,
    coalesce(line_sales.units, 0) as units,
    coalesce(line_sales.paid_units, 0) as paid_units,
    coalesce(line_sales.revenue, 0) as revenue,
    coalesce(line_sales.paid_revenue, 0) as paid_revenue,
    order_sales.first_order_at,
    order_sales.last_order_at
from order_sales
left join line_sales
    on
        order_sales.partition_date = line_sales.partition_date
        and order_sales.customer_id = line_sales.customer_id
