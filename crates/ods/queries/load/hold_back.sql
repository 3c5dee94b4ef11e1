-- While a batch is held back for the same state's sake, it counts from the first time.
insert into daybook.load as held (uri, content_hash, state, message, started_at, finished_at)
values ($1, '', $2, $3, $4, $5)
on conflict (uri) where state <> 'loaded'
do update set
    state = excluded.state,
    message = excluded.message,
    started_at = case when held.state = excluded.state then held.started_at else excluded.started_at end,
    finished_at = excluded.finished_at
returning started_at
