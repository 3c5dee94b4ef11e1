-- Each measure of a date, in every place of the warehouse that must show it; a place that shows nothing is left out.
select partition_date, 'lines' as measure, 'replica' as place, count(*) as amount
from order_lines
where partition_date in (:dates)
group by partition_date
union all
select partition_date, 'lines' as measure, 'fact' as place, count(*) as amount
from dwd_orders_variant_status
where partition_date in (:dates)
group by partition_date
union all
select partition_date, 'revenue' as measure, 'replica' as place, sum(cast(revenue as bigint)) as amount
from order_lines
where partition_date in (:dates)
group by partition_date
union all
select partition_date, 'revenue' as measure, 'fact' as place, sum(cast(revenue as bigint)) as amount
from dwd_orders_variant_status
where partition_date in (:dates)
group by partition_date
union all
select partition_date, 'revenue' as measure, 'app_daily_revenue' as place, revenue as amount
from app_daily_revenue
where partition_date in (:dates)
union all
select partition_date, 'revenue' as measure, 'app_daily_product_sales' as place, sum(revenue) as amount
from app_daily_product_sales
where partition_date in (:dates)
group by partition_date
union all
select partition_date, 'revenue' as measure, 'app_daily_customer_sales' as place, sum(revenue) as amount
from app_daily_customer_sales
where partition_date in (:dates)
group by partition_date
union all
select partition_date, 'orders' as measure, 'replica' as place, count(*) as amount
from orders
where partition_date in (:dates)
group by partition_date
union all
select partition_date, 'orders' as measure, 'app_daily_revenue' as place, orders as amount
from app_daily_revenue
where partition_date in (:dates)
union all
select partition_date, 'orders' as measure, 'app_daily_customer_sales' as place, sum(orders) as amount
from app_daily_customer_sales
where partition_date in (:dates)
group by partition_date
