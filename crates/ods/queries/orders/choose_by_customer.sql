    -- The most that a page takes (MAX_ORDERS and one) is no parameter: for a number that it does not know, the planner of
    -- a prepared statement would walk through all orders by their time.
    select newest.id, newest.customer_id, newest.processed_timestamp
    from (
        select orders.id, orders.customer_id, orders.processed_timestamp
        from ods.orders
        where orders.customer_id = $2 and (orders.processed_timestamp, orders.id) < ($3, $4)
        order by orders.processed_timestamp desc, orders.id desc
        limit 101
    ) newest
    order by newest.processed_timestamp desc, newest.id desc
    limit $5
