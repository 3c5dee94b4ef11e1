select
    transaction.id,
    transaction.order_id,
    transaction.status,
    transaction.created_at,
    daybook.business_date(transaction.created_at, (select current_setting('daybook.dump_timezone'))) as partition_date
from ods.transaction
where
    transaction.created_at < (select current_setting('daybook.dump_before')::timestamp)
    and {rows}
