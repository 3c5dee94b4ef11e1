select position, name, started_at, finished_at, metrics
from daybook.run_step
where run_id = $1
order by position
