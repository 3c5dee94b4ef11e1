select
    partition_date,
    order_id,
    customer_id,
    order_status,
    is_paid,
    paid_at,
    first_attempt_at,
    attempts,
    seconds_to_payment
from int_order_payments
