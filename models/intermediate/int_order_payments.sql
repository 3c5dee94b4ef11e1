-- What the payments say of each order. Only the newest state of a transaction counts.
with

order_rows as (
    select
        orders.id as order_id,
        orders.customer_id,
        orders.processed_timestamp,
        orders.partition_date
    from orders
    where orders.partition_date in (:dates)
),

-- by id, since an update may have moved a transaction to another order
candidate_ids as (
    select distinct payment.id
    from "transaction" as payment
    inner join order_rows on payment.order_id = order_rows.order_id
),

-- Sorted once, each row compares itself with the one before: a partition for each id, and below for each order, takes
-- longer than all else together.
states as (
    select
        payment.id,
        payment.order_id,
        payment.status,
        payment.created_at,
        payment.partition_date,
        paid_statuses.status is not null as is_paid,
        coalesce(payment.id <> lag(payment.id) over (
            order by
                payment.id,
                payment.created_at desc,
                paid_statuses.status is not null desc,
                payment.status desc,
                payment.order_id desc
        ), true) as is_newest
    from candidate_ids
    inner join "transaction" as payment on candidate_ids.id = payment.id
    left join paid_statuses on payment.status = paid_statuses.status
),

-- the earliest paid one decides, else the latest
attempts as (
    select
        order_id,
        status,
        created_at,
        partition_date,
        is_paid,
        coalesce(order_id <> lag(order_id) over (
            order by
                order_id,
                is_paid desc,
                case when is_paid then created_at end,
                case when is_paid then id end,
                created_at desc,
                id desc
        ), true) as is_decisive
    from states
    where is_newest
),

payments as (
    select
        order_id,
        count(*) as attempts,
        min(created_at) as first_attempt_at,
        max(case when is_decisive then status end) as status,
        max(case when is_decisive then created_at end) as decided_at,
        max(case when is_decisive and is_paid then created_at end) as paid_at,
        max(case when is_decisive and is_paid then partition_date end) as payment_date
    from attempts
    group by order_id
)

select
    order_rows.partition_date,
    order_rows.order_id,
    order_rows.customer_id,
    coalesce(payments.status, 'pending') as order_status,
    payments.paid_at is not null as is_paid,
    coalesce(payments.decided_at, order_rows.processed_timestamp) as order_created_at,
    order_rows.processed_timestamp as order_processed_timestamp,
    payments.payment_date,
    payments.paid_at,
    payments.first_attempt_at,
    coalesce(payments.attempts, 0) as attempts,
    cast(
        floor(extract(epoch from payments.paid_at))
        - floor(extract(epoch from order_rows.processed_timestamp)) as bigint
    ) as seconds_to_payment
from order_rows
left join payments on order_rows.order_id = payments.order_id
