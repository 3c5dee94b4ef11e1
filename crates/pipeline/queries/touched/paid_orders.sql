-- Dates of the orders whose payments differ from what is held. Runs after the orders and before the transactions
-- are merged.
with

changed as (
    select id, order_id, status, created_at, partition_date
    from transaction_staging
    where partition_date in (:dates)
    except
    select id, order_id, status, created_at, partition_date
    from "transaction"
    where partition_date in (:dates)
),

affected as (
    select order_id
    from changed
    union
    -- the order that an updated transaction paid before
    select held.order_id
    from "transaction" as held
    inner join changed on held.id = changed.id
)

select distinct orders.partition_date
from orders
inner join affected on orders.id = affected.order_id
