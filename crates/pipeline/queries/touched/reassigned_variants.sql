-- Dates of versions that name a product under which their variant was not published, or not always. Of all other variants
-- the product stays what it was.
with

held as (
    select distinct variant_id, product_id
    from published.variant_version
)

select distinct staging.partition_date
from variant_version_staging as staging
left join held on staging.variant_id = held.variant_id
where
    staging.partition_date in (:dates)
    and (held.variant_id is null or held.product_id <> staging.product_id)
