update daybook.run
set state = $2, publication = $3, error = $4, finished_at = $5
where id = $1
