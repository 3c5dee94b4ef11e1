-- What is queued already will see all that is there; what is running may not, so it is queued again once it has ended.
insert into daybook.load_request as request (uri, state, requested_at)
values ($1, 'queued', $2)
on conflict (uri) do update
set
    state = case when request.state in ('queued', 'running') then request.state else 'queued' end,
    is_asked_again = request.state = 'running',
    requested_at = excluded.requested_at
returning id, uri, state, message, result, requested_at, finished_at
