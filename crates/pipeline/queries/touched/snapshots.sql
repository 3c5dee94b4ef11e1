-- Closed dates at whose end a {entity}, with its {content}, is in another state than was published. Only days from its
-- first changed version on can be; for these, the states before and after are compared day by day.
with

arrived as (
    select {entity}_id, valid_from, ordinal, operation, {content}, partition_date
    from {entity}_version
    where partition_date in (:dates)
    except
    select {entity}_id, valid_from, ordinal, operation, {content}, partition_date
    from published.{entity}_version
    where partition_date in (:dates)
),

gone as (
    select {entity}_id, valid_from, ordinal, operation, {content}, partition_date
    from published.{entity}_version
    where partition_date in (:dates)
    except
    select {entity}_id, valid_from, ordinal, operation, {content}, partition_date
    from {entity}_version
    where partition_date in (:dates)
),

changed_versions as (
    select {entity}_id, partition_date
    from arrived
    union all
    select {entity}_id, partition_date
    from gone
),

changed as (
    select {entity}_id, min(partition_date) as first_date
    from changed_versions
    group by {entity}_id
),

days as (
    select changed.{entity}_id, closed_dates.partition_date
    from changed
    inner join closed_dates on changed.first_date <= closed_dates.partition_date
),

states_before as (
    select days.{entity}_id, days.partition_date, {content}
    from days
    inner join published.int_{entity}_history as history
        on
            days.{entity}_id = history.{entity}_id
            and days.partition_date >= history.valid_from_date
            and (history.valid_to_date is null or days.partition_date < history.valid_to_date)
    where history.operation <> 'delete'
),

states_after as (
    select days.{entity}_id, days.partition_date, {content}
    from days
    inner join int_{entity}_history as history
        on
            days.{entity}_id = history.{entity}_id
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
