-- $2 is the state, unless somebody asked again while it ran.
update daybook.load_request
set
    state = case when is_asked_again then 'queued' else $2 end,
    is_asked_again = false,
    message = $3,
    result = $4,
    finished_at = $5
where id = $1
