-- Whoever adds a line to a locked order cannot commit until this transaction ends.
select count(*) from (
    select from ods.orders
    inner join held_orders held on held.id = orders.id
    where held.ordinal > $1 and held.ordinal <= $2
    for update of orders
) locked
