-- Dates whose orders differ from what is held: those that the run brings, and those that a moved order leaves.
select distinct
    staging.partition_date,
    held.partition_date as held_date
from orders_staging as staging
left join orders as held on staging.id = held.id
where
    staging.partition_date in (:dates)
    and (
        held.id is null
        or held.partition_date <> staging.partition_date
        or held.processed_timestamp <> staging.processed_timestamp
        or held.customer_id <> staging.customer_id
    )
