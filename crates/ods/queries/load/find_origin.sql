select
    load.uri,
    load.batch_time,
    exists (
        select from daybook.load_file file where file.load_id = load.id and file.header is null
    ) as has_events
from daybook.load
where load.id = $1
