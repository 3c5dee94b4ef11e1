    select waiting.id
    from stage_{parent} parent
    cross join lateral (
        select held.id
        from daybook.parked_row held
        where held.table_name = '{table}' and held.parent_id = parent.id and held.healed_at is null
        offset 0
    ) waiting
    where parent.outcome is null
