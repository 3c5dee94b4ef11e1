with

-- titles and types as last known: a removal does not erase them
variants as (
    select
        version.variant_id,
        version.title,
        row_number() over (
            partition by version.variant_id
            order by version.valid_from desc, version.ordinal desc
        ) as recency
    from variant_version as version
    where version.operation <> 'delete'
),

products as (
    select
        version.product_id,
        version.title,
        version.product_type,
        row_number() over (
            partition by version.product_id
            order by version.valid_from desc, version.ordinal desc
        ) as recency
    from product_version as version
    where version.operation <> 'delete'
)

select
    fact.partition_date,
    fact.order_line_id,
    fact.order_id,
    payments.customer_id,
    fact.product_id,
    coalesce(products.title, '(unknown)') as product_title,
    coalesce(products.product_type, '(unknown)') as product_type,
    fact.variant_id,
    coalesce(variants.title, '(unknown)') as variant_title,
    fact.order_status,
    fact.quantity,
    fact.revenue,
    case when payments.is_paid then fact.quantity else 0 end as paid_quantity,
    case when payments.is_paid then fact.revenue else 0 end as paid_revenue,
    payments.is_paid,
    payments.payment_date,
    fact.order_processed_timestamp,
    payments.paid_at
from dwd_orders_variant_status as fact
inner join int_order_payments as payments
    on
        fact.order_id = payments.order_id
        and fact.partition_date = payments.partition_date
left join variants
    on
        fact.variant_id = variants.variant_id
        and variants.recency = 1
left join products
    on
        fact.product_id = products.product_id
        and products.recency = 1
