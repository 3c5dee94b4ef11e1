select array(
    select distinct daybook.business_date(orders.processed_timestamp, $1)
    from ods.orders
    where orders.id in (select staged.order_id from stage_order_lines staged where staged.outcome is null)
)
