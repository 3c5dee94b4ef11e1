select
    transaction.id,
    transaction.order_id,
    transaction.status,
    transaction.created_at,
    daybook.business_date(transaction.created_at, current_setting('daybook.dump_timezone')) as partition_date
from ods.transaction
where transaction.created_at < current_setting('daybook.dump_before')::timestamp
order by partition_date
