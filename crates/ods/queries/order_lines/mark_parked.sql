update stage_order_lines staged
set outcome = 'parked'
where staged.outcome is null
    and not exists (select from ods.orders where orders.id = staged.order_id)
