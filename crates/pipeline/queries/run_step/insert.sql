insert into daybook.run_step (run_id, position, name, started_at, finished_at, metrics)
values ($1, $2, $3, $4, $5, $6)
