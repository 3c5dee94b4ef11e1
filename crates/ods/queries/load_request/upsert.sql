-- What is queued or running already goes on; what has ended is looked at again.
insert into daybook.load_request as request (uri, state, requested_at)
values ($1, 'queued', $2)
on conflict (uri) do update
set
    state = case when request.state in ('queued', 'running') then request.state else 'queued' end,
    requested_at = excluded.requested_at
returning id, uri, state, message, result, requested_at, finished_at
