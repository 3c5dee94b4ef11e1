-- What is paid of a date's orders, by the date of the payment. A payment that comes late builds its order's date only.
with

paid_orders as (
    select
        payments.order_id,
        payments.partition_date,
        payments.payment_date
    from int_order_payments as payments
    where
        payments.partition_date in (:dates)
        and payments.is_paid
),

order_totals as (
    select
        partition_date,
        payment_date,
        count(*) as paid_orders
    from paid_orders
    group by
        partition_date,
        payment_date
),

line_totals as (
    select
        paid_orders.partition_date,
        paid_orders.payment_date,
        sum(cast(fact.quantity as bigint)) as paid_units,
        sum(cast(fact.revenue as bigint)) as paid_revenue
    from dwd_orders_variant_status as fact
    inner join paid_orders
        on
            fact.order_id = paid_orders.order_id
            and fact.partition_date = paid_orders.partition_date
    where fact.partition_date in (:dates)
    group by
        paid_orders.partition_date,
        paid_orders.payment_date
)

select
    order_totals.partition_date,
    order_totals.payment_date,
    order_totals.paid_orders,
    coalesce(line_totals.paid_units, 0) as paid_units,
    coalesce(line_totals.paid_revenue, 0) as paid_revenue
from order_totals
left join line_totals
    on
        order_totals.partition_date = line_totals.partition_date
        and order_totals.payment_date = line_totals.payment_date
