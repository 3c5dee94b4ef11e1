-- For orders of which none is stored. Sorted, so that the key's index grows page by page.
insert into ods.orders (id, processed_timestamp, customer_id)
select id, processed_timestamp, customer_id
from stage_orders
where outcome is null
order by id
