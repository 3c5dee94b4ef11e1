-- Dates of the orders that changed transactions paid before. Whoever plans it cannot know that they are few, and reads all
-- orders, so it is asked only when there are any.
select distinct orders.partition_date
from (
    select held.order_id
    from "transaction" as held
    inner join changed on held.id = changed.id
    where held.order_id <> changed.order_id
) as moved
inner join orders on moved.order_id = orders.id
