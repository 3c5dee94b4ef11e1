insert into daybook.load (uri, content_hash, state, started_at, finished_at)
values ($1, $2, 'loaded', $3, $3)
returning id
