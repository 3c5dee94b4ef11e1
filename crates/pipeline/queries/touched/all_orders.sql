select distinct partition_date
from orders
