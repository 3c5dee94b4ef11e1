-- Their dates, and those that they leave. Only of rows that differ is it asked where else they are held, so that what is held
-- of other dates need not be read.
select partition_date
from changed
union
select held.partition_date
from "{table}" as held
inner join changed on held.id = changed.id
