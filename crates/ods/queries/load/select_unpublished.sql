select id
from daybook.load
where state = 'loaded' and published_in is null
order by id
