-- Only what the warehouse holds, by id and content: an order with every one of its lines. Nobody else writes meanwhile,
-- so rows are where they were found; and lines that go by themselves need not be looked for again order by order.
with found as materialized (
    select orders.ctid as place, orders.id
    from held_orders held
    inner join ods.orders
        on orders.id = held.id
        and orders.processed_timestamp = held.processed_timestamp
        and orders.customer_id = held.customer_id
    where held.ordinal > $1 and held.ordinal <= $2
),

lines as materialized (
    select
        line.ctid as place,
        line.order_id,
        (line.id, line.quantity, line.variant_id, line.revenue, line.order_id) in (
            select held.id, held.quantity, held.variant_id, held.revenue, held.order_id
            from held_order_lines held
            where held.ordinal > $1 and held.ordinal <= $2
        ) as is_held
    from found
    inner join ods.order_lines line on line.order_id = found.id
),

kept as materialized (
    select order_id from lines where not is_held
),

expired_lines as (
    delete from ods.order_lines
    where ctid = any(array(select place from lines where order_id not in (select order_id from kept)))
    returning 1
),

expired as (
    delete from ods.orders
    where ctid = any(array(select place from found where id not in (select order_id from kept)))
    returning 1
)

select
    (select count(*) from expired) as orders,
    (select count(*) from expired_lines) as order_lines
