-- The rejected rows $2 came again with the content $1. What the load of that content rejected itself is still wrong.
update daybook.rejected_row rejected
set replayed_in = load.id
from daybook.load
where load.state = 'loaded'
    and load.content_hash = $1
    and rejected.id = any($2)
    and rejected.load_id <> load.id
    and rejected.replayed_in is null
