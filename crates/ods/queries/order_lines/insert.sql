-- For lines of which none is stored. Sorted, so that the key's index grows page by page.
insert into ods.order_lines (id, quantity, variant_id, revenue, order_id)
select id, quantity, variant_id, revenue, order_id
from stage_order_lines
where outcome is null
order by id
