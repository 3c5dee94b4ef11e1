-- Dates whose transactions differ from what is held.
with

changed as (
    select id, order_id, status, created_at, partition_date
    from transaction_staging
    where partition_date in (:dates)
    except
    select id, order_id, status, created_at, partition_date
    from "transaction"
    where partition_date in (:dates)
)

select distinct partition_date
from changed
