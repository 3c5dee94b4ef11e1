-- The load that first brought each of the rejected rows $1 of table $2, also when a replay brought it again.
select rejected.id, coalesce(load.replays, load.id) as origin
from daybook.rejected_row rejected
inner join daybook.load on load.id = rejected.load_id
where rejected.id = any($1) and rejected.table_name = $2
