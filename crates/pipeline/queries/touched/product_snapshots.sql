-- Closed dates at whose end a product is in another state than was published. Only days from the first changed version
-- of a product on can be; for these, the states before and after are compared day by day.
with

arrived as (
    select product_id, valid_from, ordinal, operation, title, product_type, created_at, partition_date
    from product_version
    where partition_date in (:dates)
    except
    select product_id, valid_from, ordinal, operation, title, product_type, created_at, partition_date
    from published.product_version
    where partition_date in (:dates)
),

gone as (
    select product_id, valid_from, ordinal, operation, title, product_type, created_at, partition_date
    from published.product_version
    where partition_date in (:dates)
    except
    select product_id, valid_from, ordinal, operation, title, product_type, created_at, partition_date
    from product_version
    where partition_date in (:dates)
),

changed_versions as (
    select product_id, partition_date
    from arrived
    union all
    select product_id, partition_date
    from gone
),

changed as (
    select product_id, min(partition_date) as first_date
    from changed_versions
    group by product_id
),

days as (
    select changed.product_id, closed_dates.partition_date
    from changed
    inner join closed_dates on changed.first_date <= closed_dates.partition_date
),

states_before as (
    select days.product_id, days.partition_date, history.title, history.product_type, history.created_at
    from days
    inner join published.int_product_history as history
        on
            days.product_id = history.product_id
            and days.partition_date >= history.valid_from_date
            and (history.valid_to_date is null or days.partition_date < history.valid_to_date)
    where history.operation <> 'delete'
),

states_after as (
    select days.product_id, days.partition_date, history.title, history.product_type, history.created_at
    from days
    inner join int_product_history as history
        on
            days.product_id = history.product_id
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
