-- The settings are those of the dump's transaction: COPY takes no parameters. As subqueries they are read once.
select
    orders.id,
    orders.processed_timestamp,
    orders.customer_id,
    daybook.business_date(
        orders.processed_timestamp,
        (select current_setting('daybook.dump_timezone'))
    ) as partition_date
from ods.orders
where
    orders.processed_timestamp < (select current_setting('daybook.dump_before')::timestamp)
    and {rows}
