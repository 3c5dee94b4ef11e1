-- Dates of the orders of changed transactions. Runs after the orders and before the transactions are merged.
select distinct orders.partition_date
from orders
inner join changed on orders.id = changed.order_id
