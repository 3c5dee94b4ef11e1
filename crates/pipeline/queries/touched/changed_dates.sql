-- Their dates.
select distinct partition_date
from changed
