-- Only what the warehouse holds, by id and content: an order with every one of its lines.
with expired as (
    delete from ods.orders
    using held_orders held
    where held.ordinal > $1
        and held.ordinal <= $2
        and orders.id = held.id
        and orders.processed_timestamp = held.processed_timestamp
        and orders.customer_id = held.customer_id
        and not exists (
            select from ods.order_lines line
            where line.order_id = orders.id
                and not exists (
                    select from held_order_lines held_line
                    where held_line.ordinal > $1
                        and held_line.ordinal <= $2
                        and held_line.id = line.id
                        and held_line.quantity = line.quantity
                        and held_line.variant_id = line.variant_id
                        and held_line.revenue = line.revenue
                        and held_line.order_id = line.order_id
                )
        )
    returning orders.id
)

-- The statement still sees the lines that the deletion takes with it.
select
    (select count(*) from expired) as orders,
    (
        select count(*) from ods.order_lines line inner join expired on expired.id = line.order_id
    ) as order_lines
