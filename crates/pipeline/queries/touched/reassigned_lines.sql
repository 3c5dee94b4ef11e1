-- Dates of published facts whose variant got versions that put it under another product, or under its first one.
-- Runs before the facts are built.
with

changed as (
    select distinct variant_id
    from variant_version_staging
    where partition_date in (:dates)
),

sold as (
    select distinct
        fact.variant_id,
        fact.product_id,
        fact.partition_date
    from dwd_orders_variant_status as fact
    inner join changed on fact.variant_id = changed.variant_id
)

select distinct sold.partition_date
from sold
left join int_variant_product as owner
    on
        sold.variant_id = owner.variant_id
        and sold.partition_date >= owner.valid_from_date
        and (owner.valid_to_date is null or sold.partition_date < owner.valid_to_date)
where sold.product_id <> coalesce(owner.product_id, '(unknown)')
