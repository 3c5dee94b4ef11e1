-- Dates whose orders differ from what is held: those that the run brings, and those that a moved order leaves.
with

changed as (
    select id, processed_timestamp, customer_id, partition_date
    from orders_staging
    where partition_date in (:dates)
    except
    select id, processed_timestamp, customer_id, partition_date
    from orders
    where partition_date in (:dates)
)

select partition_date
from changed
union
select held.partition_date
from orders as held
inner join changed on held.id = changed.id
where held.partition_date <> changed.partition_date
