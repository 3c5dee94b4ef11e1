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

states as (
    select
        payment.id,
        payment.order_id,
        payment.status,
        payment.created_at,
        payment.partition_date,
        paid_statuses.status is not null as is_paid,
        row_number() over (
            partition by payment.id
            order by
                payment.created_at desc,
                paid_statuses.status is not null desc,
                payment.status desc,
                payment.order_id desc
        ) as recency
    from "transaction" as payment
    inner join candidate_ids on payment.id = candidate_ids.id
    left join paid_statuses on payment.status = paid_statuses.status
),

-- the earliest paid one decides, else the latest
ranked as (
    select
        order_id,
        status,
        created_at,
        partition_date,
        is_paid,
        count(*) over (partition by order_id) as attempts,
        min(created_at) over (partition by order_id) as first_attempt_at,
        row_number() over (
            partition by order_id
            order by
                is_paid desc,
                case when is_paid then created_at end,
                case when is_paid then id end,
                created_at desc,
                id desc
        ) as decisiveness
    from states
    where recency = 1
)

select
    order_rows.partition_date,
    order_rows.order_id,
    order_rows.customer_id,
    coalesce(decisive.status, 'pending') as order_status,
    coalesce(decisive.is_paid, false) as is_paid,
    coalesce(decisive.created_at, order_rows.processed_timestamp) as order_created_at,
    order_rows.processed_timestamp as order_processed_timestamp,
    case when decisive.is_paid then decisive.partition_date end as payment_date,
    case when decisive.is_paid then decisive.created_at end as paid_at,
    decisive.first_attempt_at,
    coalesce(decisive.attempts, 0) as attempts,
    case
        when decisive.is_paid
            then cast(
                floor(extract(epoch from decisive.created_at))
                - floor(extract(epoch from order_rows.processed_timestamp)) as bigint
            )
    end as seconds_to_payment
from order_rows
left join ranked as decisive
    on
        order_rows.order_id = decisive.order_id
        and decisive.decisiveness = 1
