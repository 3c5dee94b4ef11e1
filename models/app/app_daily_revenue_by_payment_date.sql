select
    payment_date as partition_date,
    sum(paid_orders) as paid_orders,
    sum(paid_units) as paid_units,
    sum(paid_revenue) as paid_revenue
from int_daily_paid_revenue
group by payment_date
