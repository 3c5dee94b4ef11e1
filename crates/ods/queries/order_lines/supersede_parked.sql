-- Whatever becomes of the rows that arrive now, they are newer than the ones that wait.
update daybook.parked_row parked
set healed_at = $1, healed_by = 'superseded'
from stage_order_lines staged
where parked.table_name = 'order_lines'
    and parked.healed_at is null
    and parked.row_id = staged.id
    and (staged.outcome is null or staged.outcome = 'parked')
