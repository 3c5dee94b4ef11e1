-- The full state at the end of each date, from the versions, so that a later re-run gives the same.
select
    history.product_id as id,
    history.title,
    history.product_type,
    history.created_at,
    built.partition_date
from (values (:dates)) as built (partition_date)
inner join int_product_history as history
    on
        history.valid_from_date <= built.partition_date
        and (history.valid_to_date is null or history.valid_to_date > built.partition_date)
where history.operation <> 'delete'
