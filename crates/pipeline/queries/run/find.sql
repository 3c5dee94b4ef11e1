select id, state, from_date, to_date, started_at, finished_at, publication, error
from daybook.run
where id = $1
