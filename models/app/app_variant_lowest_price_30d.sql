with

moments as (
    select
        version.variant_id,
        version.operation,
        version.price,
        version.valid_from,
        version.partition_date as valid_from_date,
        lead(version.valid_from) over (
            partition by version.variant_id
            order by version.valid_from, version.ordinal
        ) as valid_to,
        lead(version.partition_date) over (
            partition by version.variant_id
            order by version.valid_from, version.ordinal
        ) as valid_to_date
    from variant_version as version
),

-- of several versions at one time only the last one ever held
stretches as (
    select
        variant_id,
        operation,
        price,
        valid_from_date,
        valid_to_date
    from moments
    where
        valid_to is null
        or valid_to <> valid_from
),

-- the date itself is left out: the rule asks for the time before a price was reduced
lowest as (
    select
        built.partition_date,
        stretches.variant_id,
        min(stretches.price) as price
    from (values (:dates)) as built (partition_date)
    inner join stretches
        on
            stretches.valid_from_date < built.partition_date
            and (
                stretches.valid_to_date is null
                or stretches.valid_to_date >= built.partition_date - interval '30 days'
            )
    where stretches.operation <> 'delete'
    group by
        built.partition_date,
        stretches.variant_id
)

select
    offered.partition_date,
    offered.id as variant_id,
    offered.product_id,
    offered.price,
    lowest.price as lowest_price_30d,
    coalesce(offered.price < lowest.price, false) as is_reduced
from variant as offered
left join lowest
    on
        offered.id = lowest.variant_id
        and offered.partition_date = lowest.partition_date
where offered.partition_date in (:dates)
