select table_name, reason, count(*) as rows
from daybook.rejected_row
group by table_name, reason
order by table_name, reason
