-- For any closed date, every order dated up to it.
select
    ordered.customer_id,
    ordered.order_id,
    closed_dates.partition_date
from closed_dates
inner join int_customer_orders as ordered
    on ordered.partition_date <= closed_dates.partition_date
