-- Dates of the orders that changed transactions paid before. Whoever plans it cannot know that they are few, and looks at
-- all orders, so it is asked only when there are any.
select distinct orders.partition_date
from orders
inner join "transaction" as held on orders.id = held.order_id
inner join changed on held.id = changed.id
where held.order_id <> changed.order_id
