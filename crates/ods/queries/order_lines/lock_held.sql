select count(*) from (
    select from ods.order_lines
    inner join held_orders held on held.id = order_lines.order_id
    where held.ordinal > $1 and held.ordinal <= $2
    for update of order_lines
) locked
