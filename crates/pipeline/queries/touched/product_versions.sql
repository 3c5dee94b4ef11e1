-- Dates of which a product has another version than was published. What is the same on both sides stands there twice.
select distinct partition_date
from (
    select product_id, valid_from, ordinal, operation, title, product_type, created_at, partition_date
    from product_version
    where partition_date in (:dates)
    union all
    select product_id, valid_from, ordinal, operation, title, product_type, created_at, partition_date
    from published.product_version
    where partition_date in (:dates)
) as versions
group by product_id, valid_from, ordinal, operation, title, product_type, created_at, partition_date
having count(*) = 1
