-- Dates of order lines whose variant belongs to another product than was published, or to its first one.
with

appeared as (
    select variant_id, product_id, valid_from_date, valid_to_date
    from int_variant_product
    except
    select variant_id, product_id, valid_from_date, valid_to_date
    from published.int_variant_product
),

vanished as (
    select variant_id, product_id, valid_from_date, valid_to_date
    from published.int_variant_product
    except
    select variant_id, product_id, valid_from_date, valid_to_date
    from int_variant_product
),

variants as (
    select variant_id
    from appeared
    union
    select variant_id
    from vanished
),

sold as (
    select distinct lines.variant_id, lines.partition_date
    from order_lines as lines
    inner join variants on lines.variant_id = variants.variant_id
)

select distinct sold.partition_date
from sold
left join published.int_variant_product as before
    on
        sold.variant_id = before.variant_id
        and sold.partition_date >= before.valid_from_date
        and (before.valid_to_date is null or sold.partition_date < before.valid_to_date)
left join int_variant_product as after
    on
        sold.variant_id = after.variant_id
        and sold.partition_date >= after.valid_from_date
        and (after.valid_to_date is null or sold.partition_date < after.valid_to_date)
where coalesce(before.product_id, '(unknown)') <> coalesce(after.product_id, '(unknown)')
