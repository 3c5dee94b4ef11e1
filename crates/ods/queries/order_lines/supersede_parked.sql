-- Whatever becomes of the rows that arrive now, they are newer than the ones that wait. Each of them is looked up
-- among those: `offset 0` keeps the planner from going the other way about.
update daybook.parked_row parked
set healed_at = $1, healed_by = 'superseded'
where parked.id in (
    select waiting.id
    from stage_order_lines staged
    cross join lateral (
        select held.id
        from daybook.parked_row held
        where held.table_name = 'order_lines' and held.row_id = staged.id and held.healed_at is null
        offset 0
    ) waiting
    where staged.outcome is null or staged.outcome = 'parked'
)
