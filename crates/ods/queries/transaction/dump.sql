select
    transaction.id,
    transaction.order_id,
    transaction.status,
    transaction.created_at
from ods.transaction
where
    transaction.created_at < (select current_setting('daybook.dump_before')::timestamp)
    and {rows}
