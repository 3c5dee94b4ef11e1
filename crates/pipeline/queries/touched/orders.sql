-- Dates whose orders differ from what is held: those that the run brings, and those that a moved order leaves. Only of
-- orders that differ is it asked where else they are held, so that what is held of other dates need not be read.
with

changed as (
    select
        staging.id,
        staging.partition_date
    from orders_staging as staging
    where
        staging.partition_date in (:dates)
        and not exists (
            select 1
            from orders as held
            where
                held.partition_date in (:dates)
                and held.partition_date = staging.partition_date
                and held.id = staging.id
                and held.processed_timestamp = staging.processed_timestamp
                and held.customer_id = staging.customer_id
        )
)

select partition_date
from changed
union
select held.partition_date
from orders as held
inner join changed on held.id = changed.id
