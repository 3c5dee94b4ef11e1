-- What was published stays published, also when a later step failed.
update daybook.run
set
    state = case when publication is null then $2 else 'published' end,
    error = $3,
    finished_at = $4
where id = $1
