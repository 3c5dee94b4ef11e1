-- Loads that a dump up to the date $1 takes in wholly.
select id
from daybook.load
where
    state = 'loaded'
    and published_in is null
    and not exists (select from unnest(dates_touched) as touched (date) where touched.date > $1)
order by id
