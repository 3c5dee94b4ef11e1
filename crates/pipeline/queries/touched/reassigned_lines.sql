-- Dates of published facts whose variant is under another product now, or under its first one. Runs after the versions
-- are merged and before the facts are built.
with

owners as (
    select variant_id, product_id, valid_from_date, valid_to_date
    from int_variant_product
    union all
    select variant_id, product_id, valid_from_date, valid_to_date
    from published.int_variant_product
),

reassigned as (
    select variant_id
    from owners
    group by variant_id, product_id, valid_from_date, valid_to_date
    having count(*) = 1
),

changed as (
    select distinct variant_id
    from reassigned
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
