-- Dates of what is held of changed transactions under another order.
select distinct held.partition_date
from "transaction" as held
inner join changed on held.id = changed.id
where held.order_id <> changed.order_id
