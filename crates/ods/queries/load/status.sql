select
    count(*) filter (where state = 'loaded') as loaded,
    count(*) filter (where state = 'loaded' and published_in is null) as unpublished,
    max(finished_at) filter (where state = 'loaded') as last_loaded_at
from daybook.load
