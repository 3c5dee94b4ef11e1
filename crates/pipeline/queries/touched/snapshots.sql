-- Closed dates at whose end a {entity}, with its {content}, is in another state than was published. Only days from its
-- first changed version on can be; for these, the states before and after are compared day by day. What is the same on
-- both sides stands there twice.
with

versions as (
    select {entity}_id, valid_from, ordinal, operation, {content}, partition_date
    from {entity}_version
    where partition_date in (:dates)
    union all
    select {entity}_id, valid_from, ordinal, operation, {content}, partition_date
    from published.{entity}_version
    where partition_date in (:dates)
),

changed_versions as (
    select {entity}_id, partition_date
    from versions
    group by {entity}_id, valid_from, ordinal, operation, {content}, partition_date
    having count(*) = 1
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

histories as (
    select {entity}_id, {content}, operation, valid_from_date, valid_to_date
    from int_{entity}_history
    union all
    select {entity}_id, {content}, operation, valid_from_date, valid_to_date
    from published.int_{entity}_history
),

states as (
    select days.{entity}_id, days.partition_date, {content}
    from days
    inner join histories
        on
            days.{entity}_id = histories.{entity}_id
            and days.partition_date >= histories.valid_from_date
            and (histories.valid_to_date is null or days.partition_date < histories.valid_to_date)
    where histories.operation <> 'delete'
),

changed_states as (
    select partition_date
    from states
    group by {entity}_id, {content}, partition_date
    having count(*) = 1
)

select distinct partition_date
from changed_states
