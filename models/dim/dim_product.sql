select
    product.id as product_id,
    product.title,
    product.product_type,
    product.created_at,
    variant.id as variant_id,
    variant.price,
    variant.title as variant_title,
    variant.created_at as variant_created_at,
    variant.updated_at as variant_updated_at,
    variant.ingested_at as variant_ingested_at,
    product.partition_date
from product
inner join variant
    on
        product.id = variant.product_id
        and product.partition_date = variant.partition_date
where
    product.partition_date in (:dates)
    and variant.partition_date in (:dates)
