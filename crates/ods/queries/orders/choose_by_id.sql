    select orders.id, orders.customer_id, orders.processed_timestamp
    from ods.orders
    where orders.id = $2
