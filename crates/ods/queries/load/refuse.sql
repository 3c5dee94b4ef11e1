insert into daybook.load (uri, content_hash, state, message, started_at, finished_at)
values ($1, '', 'refused', $2, $3, $4)
on conflict (uri) where state = 'refused'
do update set
    message = excluded.message, started_at = excluded.started_at, finished_at = excluded.finished_at
