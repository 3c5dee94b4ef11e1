-- Without the date, which the dump looks up by the order: a join in each range would read all orders each time.
select
    order_lines.id,
    order_lines.quantity,
    order_lines.variant_id,
    order_lines.revenue,
    order_lines.order_id
from ods.order_lines
where {rows}
