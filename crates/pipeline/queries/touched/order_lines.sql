-- Dates whose lines differ from what is held: those that the run brings, and those that a moved line leaves.
select distinct
    staging.partition_date,
    held.partition_date as held_date
from order_lines_staging as staging
left join order_lines as held on staging.id = held.id
where
    staging.partition_date in (:dates)
    and (
        held.id is null
        or held.partition_date <> staging.partition_date
        or held.quantity <> staging.quantity
        or held.variant_id <> staging.variant_id
        or held.revenue <> staging.revenue
        or held.order_id <> staging.order_id
    )
