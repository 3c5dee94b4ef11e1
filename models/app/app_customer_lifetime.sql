select
    customer_id,
    sum(orders) as orders,
    sum(paid_orders) as paid_orders,
    sum(units) as units,
    sum(paid_units) as paid_units,
    sum(revenue) as revenue,
    sum(paid_revenue) as paid_revenue,
    min(first_order_at) as first_order_at,
    max(last_order_at) as last_order_at
from app_daily_customer_sales
group by customer_id
