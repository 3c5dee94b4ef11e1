select table_name, count(*) as rows
from daybook.parked_row
where healed_at is null
group by table_name
order by table_name
