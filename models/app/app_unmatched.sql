with

-- payments whose order is known; joined from the payments' side, so that few orders are looked at for a date
matched as (
    select distinct
        payment.partition_date,
        payment.order_id
    from "transaction" as payment
    inner join orders on payment.order_id = orders.id
),

unmatched_states as (
    select
        payment.id,
        payment.order_id,
        payment.status,
        payment.created_at,
        payment.partition_date
    from "transaction" as payment
    left join matched
        on
            payment.order_id = matched.order_id
            and payment.partition_date = matched.partition_date
    where matched.order_id is null
),

-- only the current state of a transaction counts, by the order of int_order_payments
superseded as (
    select distinct
        state.id,
        state.order_id,
        state.status,
        state.created_at,
        state.partition_date
    from unmatched_states as state
    inner join "transaction" as newer on state.id = newer.id
    left join paid_statuses as paid on state.status = paid.status
    left join paid_statuses as newer_paid on newer.status = newer_paid.status
    where
        newer.created_at > state.created_at
        or (
            newer.created_at = state.created_at
            and (
                (newer_paid.status is not null and paid.status is null)
                or (
                    (newer_paid.status is null) = (paid.status is null)
                    and (
                        newer.status > state.status
                        or (newer.status = state.status and newer.order_id > state.order_id)
                    )
                )
            )
        )
)

select
    state.partition_date,
    'payment without order' as problem,
    state.id,
    state.order_id,
    cast(null as varchar) as variant_id
from unmatched_states as state
left join superseded
    on
        state.id = superseded.id
        and state.order_id = superseded.order_id
        and state.status = superseded.status
        and state.created_at = superseded.created_at
        and state.partition_date = superseded.partition_date
where superseded.id is null
union all
select
    partition_date,
    'order without payment' as problem,
    order_id as id,
    order_id,
    cast(null as varchar) as variant_id
from int_order_payments
where attempts = 0
union all
select
    partition_date,
    'line with unknown variant' as problem,
    order_line_id as id,
    order_id,
    variant_id
from dwd_orders_variant_status
where product_id = '(unknown)'
