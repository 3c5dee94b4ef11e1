    select orders.id, orders.customer_id, orders.processed_timestamp
    from ods.orders
    where orders.customer_id = $2 and (orders.processed_timestamp, orders.id) < ($3, $4)
    order by orders.processed_timestamp desc, orders.id desc
    limit $5
