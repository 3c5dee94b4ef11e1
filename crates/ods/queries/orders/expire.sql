-- Only what the warehouse holds, by id and content: an order with every one of its lines, which go with it. Nobody else
-- writes meanwhile, so that orders are where they were found, and have the lines that were looked at.
with found as materialized (
    select distinct orders.ctid as place, orders.id
    from held_orders held
    inner join ods.orders
        on orders.id = held.id
        and orders.processed_timestamp = held.processed_timestamp
        and orders.customer_id = held.customer_id
),

lines as materialized (
    select
        line.order_id,
        (line.id, line.quantity, line.variant_id, line.revenue, line.order_id) in (
            select held.id, held.quantity, held.variant_id, held.revenue, held.order_id
            from held_order_lines held
        ) as is_held
    from found
    inner join ods.order_lines line on line.order_id = found.id
),

kept as materialized (
    select order_id from lines where not is_held
),

expired as (
    delete from ods.orders
    where ctid = any(array(select place from found where id not in (select order_id from kept)))
    returning 1
)

select
    (select count(*) from expired) as orders,
    (select count(*) from lines where order_id not in (select order_id from kept)) as order_lines
