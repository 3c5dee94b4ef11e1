-- Which product a variant belongs to on a date: that of its last version up to the date's end, else that of its
-- first version ever. A removal does not erase it, so removals are left out.
with

versions as (
    select
        version.variant_id,
        version.product_id,
        version.valid_from,
        version.ordinal,
        version.partition_date,
        lag(version.product_id) over (
            partition by version.variant_id
            order by version.partition_date, version.valid_from, version.ordinal
        ) as previous_product_id
    from variant_version as version
    where version.operation <> 'delete'
),

-- the first version counts from the beginning of time
starts as (
    select
        variant_id,
        product_id,
        case when previous_product_id is null then date '0001-01-01' else partition_date end as valid_from_date,
        lead(partition_date) over (
            partition by variant_id
            order by partition_date, valid_from, ordinal
        ) as valid_to_date
    from versions
    where
        previous_product_id is null
        or previous_product_id <> product_id
)

select
    variant_id,
    product_id,
    valid_from_date,
    valid_to_date
from starts
-- of several on one date the last one counts
where
    valid_to_date is null
    or valid_to_date <> valid_from_date
