-- Every business date before the bound that still has orders or states of payments here.
select distinct daybook.business_date(orders.processed_timestamp, $2) as date
from ods.orders
where orders.processed_timestamp < $1
union
select distinct daybook.business_date(transaction.created_at, $2)
from ods.transaction
where transaction.created_at < $1
union
select distinct daybook.business_date(superseded.created_at, $2)
from daybook.superseded_transaction superseded
where superseded.created_at < $1
order by date
