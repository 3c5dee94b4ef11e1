-- Keeps every state of a transaction that was ever brought. An older state may arrive after the newer one has left
-- the ODS: it must not replace it, and it must be held for the ODS to let go of it.
select
    staging.id,
    staging.order_id,
    staging.status,
    staging.created_at,
    staging.partition_date
from transaction_staging as staging
where staging.partition_date in (:dates)
union
select
    held.id,
    held.order_id,
    held.status,
    held.created_at,
    held.partition_date
from "transaction" as held
where held.partition_date in (:dates)
