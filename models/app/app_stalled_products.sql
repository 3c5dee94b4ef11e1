with

sold as (
    select
        sales.product_id,
        sales.partition_date,
        sum(sales.sold_units) as units
    from app_daily_product_sales as sales
    where
        sales.partition_date in (:lookback_dates)
        and sales.sold_units > 0
        and sales.product_id <> '(unknown)'
    group by
        sales.product_id,
        sales.partition_date
),

-- the 60 days that end with the date
recent as (
    select
        built.partition_date,
        sold.product_id,
        count(*) as days_with_sales,
        sum(sold.units) as sold_units,
        max(sold.partition_date) as last_sale_date
    from (values (:dates)) as built (partition_date)
    inner join sold
        on
            sold.partition_date <= built.partition_date
            and sold.partition_date > built.partition_date - interval '60 days'
    group by
        built.partition_date,
        sold.product_id
)

select
    partition_date,
    product_id,
    days_with_sales,
    sold_units,
    last_sale_date
from recent
where
    days_with_sales > 30
    and last_sale_date <= partition_date - interval '7 days'
