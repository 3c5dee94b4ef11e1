update daybook.load
set healed = $2, dates_touched = $3, batch_time = $4, finished_at = $5
where id = $1
