select
    payment.order_id,
    payment.id,
    payment.status,
    payment.created_at,
    payment.status = any ($1) as is_paid
from ods.transaction payment
where payment.order_id = any ($2)
order by payment.created_at, payment.id
