-- The setting is that of the dump's transaction: COPY takes no parameters. As a subquery it is read once.
select
    orders.id,
    orders.processed_timestamp,
    orders.customer_id
from ods.orders
where
    orders.processed_timestamp < (select current_setting('daybook.dump_before')::timestamp)
    and {rows}
