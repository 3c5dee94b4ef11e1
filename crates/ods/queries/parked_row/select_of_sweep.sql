    select held.id
    from daybook.parked_row held
    where held.table_name = '{table}'
        and held.healed_at is null
        and exists (select from ods.{parent} parent where parent.id = held.parent_id)
