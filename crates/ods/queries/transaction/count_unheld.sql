-- What stays with its order does not count: the order does, if it had to go.
select count(*)
from ods.transaction
where transaction.created_at >= $1
    and transaction.created_at < $2
    and not exists (select from ods.orders where orders.id = transaction.order_id)
