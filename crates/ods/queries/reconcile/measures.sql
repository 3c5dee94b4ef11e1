-- What the ODS holds of each business date, from $1 (included) to $2 (excluded), UTC, in the time zone $3.
with

order_rows as (
    select id, daybook.business_date(processed_timestamp, $3) as partition_date
    from ods.orders
    where processed_timestamp >= $1 and processed_timestamp < $2
),

line_totals as (
    select
        order_rows.partition_date,
        count(*) as lines,
        sum(order_lines.revenue)::bigint as revenue
    from order_rows
    inner join ods.order_lines on order_lines.order_id = order_rows.id
    group by order_rows.partition_date
)

select partition_date, 'orders' as measure, count(*) as amount
from order_rows
group by partition_date
union all
select partition_date, 'lines' as measure, lines as amount
from line_totals
union all
select partition_date, 'revenue' as measure, revenue as amount
from line_totals
union all
select daybook.business_date(created_at, $3) as partition_date, 'transactions' as measure, count(*) as amount
from ods.transaction
where created_at >= $1 and created_at < $2
group by 1
order by partition_date, measure
