-- Only what the warehouse holds, and not while its order is here: whoever looks the order up must find it paid.
delete from ods.transaction
using held_transaction held
where transaction.id = held.id
    and transaction.order_id = held.order_id
    and transaction.status = held.status
    and transaction.created_at = held.created_at
    and not exists (select from ods.orders where orders.id = transaction.order_id)
