-- Dates on which a variant's prices, or what its next price follows, differ from what was published. Runs after the
-- versions are merged.
with

arrived as (
    select variant_id, product_id, price, ordinal, operation, valid_from, partition_date
    from variant_version
    where partition_date in (:dates)
    except
    select variant_id, product_id, price, ordinal, operation, valid_from, partition_date
    from published.variant_version
    where partition_date in (:dates)
),

gone as (
    select variant_id, product_id, price, ordinal, operation, valid_from, partition_date
    from published.variant_version
    where partition_date in (:dates)
    except
    select variant_id, product_id, price, ordinal, operation, valid_from, partition_date
    from variant_version
    where partition_date in (:dates)
),

changed as (
    select variant_id
    from arrived
    union
    select variant_id
    from gone
),

prices_before as (
    select
        version.variant_id,
        version.product_id,
        version.price,
        version.ordinal,
        version.valid_from,
        version.partition_date,
        lag(version.price) over (
            partition by version.variant_id
            order by version.valid_from, version.ordinal
        ) as old_price
    from published.variant_version as version
    inner join changed on version.variant_id = changed.variant_id
    where version.operation <> 'delete'
),

prices_after as (
    select
        version.variant_id,
        version.product_id,
        version.price,
        version.ordinal,
        version.valid_from,
        version.partition_date,
        lag(version.price) over (
            partition by version.variant_id
            order by version.valid_from, version.ordinal
        ) as old_price
    from variant_version as version
    inner join changed on version.variant_id = changed.variant_id
    where version.operation <> 'delete'
),

appeared as (
    select * from prices_after
    except
    select * from prices_before
),

vanished as (
    select * from prices_before
    except
    select * from prices_after
)

select partition_date
from appeared
union
select partition_date
from vanished
