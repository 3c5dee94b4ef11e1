-- How many states of transactions the replica holds of a date; nothing is built that would have to show as many.
select partition_date, 'transactions' as measure, 'replica' as place, count(*) as amount
from "transaction"
where partition_date in (:dates)
group by partition_date
