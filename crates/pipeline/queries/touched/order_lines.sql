-- Dates whose lines differ from what is held: those that the run brings, and those that a moved line leaves.
select staging.partition_date
from order_lines_staging as staging
where
    staging.partition_date in (:dates)
    and not exists (
        select 1
        from order_lines as held
        where
            held.partition_date in (:dates)
            and held.partition_date = staging.partition_date
            and held.id = staging.id
            and held.quantity = staging.quantity
            and held.variant_id = staging.variant_id
            and held.revenue = staging.revenue
            and held.order_id = staging.order_id
    )
union
select held.partition_date
from order_lines as held
inner join order_lines_staging as staging on held.id = staging.id
where
    staging.partition_date in (:dates)
    and held.partition_date <> staging.partition_date
