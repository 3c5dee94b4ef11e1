-- Closed dates at whose end a variant is in another state than was published. Only days from the first changed version
-- of a variant on can be; for these, the states before and after are compared day by day.
with

arrived as (
    select variant_id, valid_from, ordinal, operation, product_id, title, price, created_at, updated_at, ingested_at, partition_date
    from variant_version
    where partition_date in (:dates)
    except
    select variant_id, valid_from, ordinal, operation, product_id, title, price, created_at, updated_at, ingested_at, partition_date
    from published.variant_version
    where partition_date in (:dates)
),

gone as (
    select variant_id, valid_from, ordinal, operation, product_id, title, price, created_at, updated_at, ingested_at, partition_date
    from published.variant_version
    where partition_date in (:dates)
    except
    select variant_id, valid_from, ordinal, operation, product_id, title, price, created_at, updated_at, ingested_at, partition_date
    from variant_version
    where partition_date in (:dates)
),

changed_versions as (
    select variant_id, partition_date
    from arrived
    union all
    select variant_id, partition_date
    from gone
),

changed as (
    select variant_id, min(partition_date) as first_date
    from changed_versions
    group by variant_id
),

days as (
    select changed.variant_id, closed_dates.partition_date
    from changed
    inner join closed_dates on changed.first_date <= closed_dates.partition_date
),

states_before as (
    select days.variant_id, days.partition_date, history.product_id, history.title, history.price, history.created_at, history.updated_at, history.ingested_at
    from days
    inner join published.int_variant_history as history
        on
            days.variant_id = history.variant_id
            and days.partition_date >= history.valid_from_date
            and (history.valid_to_date is null or days.partition_date < history.valid_to_date)
    where history.operation <> 'delete'
),

states_after as (
    select days.variant_id, days.partition_date, history.product_id, history.title, history.price, history.created_at, history.updated_at, history.ingested_at
    from days
    inner join int_variant_history as history
        on
            days.variant_id = history.variant_id
            and days.partition_date >= history.valid_from_date
            and (history.valid_to_date is null or days.partition_date < history.valid_to_date)
    where history.operation <> 'delete'
),

appeared as (
    select * from states_after
    except
    select * from states_before
),

vanished as (
    select * from states_before
    except
    select * from states_after
)

select partition_date
from appeared
union
select partition_date
from vanished
