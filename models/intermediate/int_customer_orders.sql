select
    orders.customer_id,
    orders.id as order_id,
    orders.partition_date
from orders
where orders.partition_date in (:dates)
