select
    order_lines.id,
    order_lines.quantity,
    order_lines.variant_id,
    order_lines.revenue,
    order_lines.order_id,
    daybook.business_date(orders.processed_timestamp, current_setting('daybook.dump_timezone')) as partition_date
from ods.order_lines
inner join ods.orders on orders.id = order_lines.order_id
where orders.processed_timestamp < current_setting('daybook.dump_before')::timestamp
order by partition_date
