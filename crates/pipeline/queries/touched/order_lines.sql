-- Dates whose lines differ from what is held: those that the run brings, and those that a moved line leaves. Only of
-- lines that differ is it asked where else they are held, so that what is held of other dates need not be read.
with

changed as (
    select
        staging.id,
        staging.partition_date
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
)

select partition_date
from changed
union
select held.partition_date
from order_lines as held
inner join changed on held.id = changed.id
