with

order_rows as (
    select
        order_id,
        order_status,
        order_created_at,
        order_processed_timestamp,
        partition_date
    from int_order_payments
    where partition_date in (:dates)
),

lines as (
    select
        id,
        order_id,
        variant_id,
        quantity,
        revenue,
        partition_date
    from order_lines
    where partition_date in (:dates)
)

select
    order_rows.order_id,
    order_rows.order_status,
    order_rows.order_created_at,
    order_rows.order_processed_timestamp,
    lines.quantity,
    lines.variant_id,
    coalesce(owner.product_id, '(unknown)') as product_id,
    lines.revenue,
    order_rows.partition_date,
    lines.id as order_line_id
from order_rows
inner join lines
    on
        order_rows.order_id = lines.order_id
        and order_rows.partition_date = lines.partition_date
left join int_variant_product as owner
    on
        lines.variant_id = owner.variant_id
        and lines.partition_date >= owner.valid_from_date
        and (owner.valid_to_date is null or lines.partition_date < owner.valid_to_date)
