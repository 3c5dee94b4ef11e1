-- Dates from which a variant is under another product than was published. Runs after the versions are merged. What is the
-- same on both sides stands there twice.
with

owners as (
    select variant_id, product_id, valid_from_date, valid_to_date
    from int_variant_product
    union all
    select variant_id, product_id, valid_from_date, valid_to_date
    from published.int_variant_product
),

changed as (
    select valid_from_date
    from owners
    group by variant_id, product_id, valid_from_date, valid_to_date
    having count(*) = 1
)

select distinct valid_from_date
from changed
