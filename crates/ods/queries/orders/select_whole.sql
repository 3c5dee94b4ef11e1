-- Orders with their lines and payments, newest first. Each part is looked up by its index, whatever the planner knows
-- of freshly loaded tables: `offset 0` keeps it from joining whole ones.
select
    chosen.id,
    chosen.customer_id,
    chosen.processed_timestamp,
    lines.lines,
    payments.payments
from ({chosen}) chosen
cross join lateral (
    select coalesce(
        json_agg(
            json_build_object(
                'id', line.id,
                'quantity', line.quantity,
                'revenue', line.revenue,
                'variant_id', line.variant_id,
                'variant_title', offered.variant_title,
                'price', offered.price,
                'product_id', offered.product_id,
                'product_title', offered.product_title
            )
            order by line.id
        ),
        '[]'
    ) as lines
    from ods.order_lines line
    left join lateral (
        select
            variant.title as variant_title,
            variant.price,
            variant.product_id,
            (select product.title from ods.product where product.id = variant.product_id) as product_title
        from ods.variant
        where variant.id = line.variant_id
        offset 0
    ) offered on true
    where line.order_id = chosen.id
    offset 0
) lines
cross join lateral (
    select coalesce(
        json_agg(
            json_build_object(
                'id', payment.id,
                'status', payment.status,
                'created_at', payment.created_at,
                'is_paid', payment.status = any ($1)
            )
            order by payment.created_at, payment.id
        ),
        '[]'
    ) as payments
    from ods.transaction payment
    where payment.order_id = chosen.id
    offset 0
) payments
order by chosen.processed_timestamp desc, chosen.id desc
