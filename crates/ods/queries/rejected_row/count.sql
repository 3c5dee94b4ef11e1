-- Those that no load has brought again.
select table_name, reason, count(*) as rows
from daybook.rejected_row
where replayed_in is null
group by table_name, reason
order by table_name, reason
