with

-- by order first, so that an order without lines counts, and joining lines multiplies nothing
order_lines_summary as (
    select
        fact.partition_date,
        fact.order_id,
        sum(cast(fact.quantity as bigint)) as units,
        sum(cast(fact.revenue as bigint)) as revenue
    from dwd_orders_variant_status as fact
    where fact.partition_date in (:dates)
    group by
        fact.partition_date,
        fact.order_id
),

sales as (
    select
        payments.partition_date,
        payments.customer_id,
        min(payments.order_processed_timestamp) as first_order_at,
        max(payments.order_processed_timestamp) as last_order_at,
        count(*) as orders,
        sum(case when payments.is_paid then 1 else 0 end) as paid_orders,
        sum(coalesce(summary.units, 0)) as units,
        sum(case when payments.is_paid then coalesce(summary.units, 0) else 0 end) as paid_units,
        sum(coalesce(summary.revenue, 0)) as revenue,
        sum(case when payments.is_paid then coalesce(summary.revenue, 0) else 0 end) as paid_revenue
    from int_order_payments as payments
    left join order_lines_summary as summary
        on
            payments.order_id = summary.order_id
            and payments.partition_date = summary.partition_date
    where payments.partition_date in (:dates)
    group by
        payments.partition_date,
        payments.customer_id
),

products_bought as (
    select
        payments.partition_date,
        payments.customer_id,
        count(distinct fact.product_id) as products
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
        payments.customer_id
)

select
    sales.partition_date,
    sales.customer_id,
    sales.orders,
    sales.paid_orders,
    coalesce(products_bought.products, 0) as products,
    sales.units,
    sales.paid_units,
    sales.revenue,
    sales.paid_revenue,
    sales.first_order_at,
    sales.last_order_at
from sales
left join products_bought
    on
        sales.partition_date = products_bought.partition_date
        and sales.customer_id = products_bought.customer_id
