update stage_order_lines staged
set
    outcome = 'rejected',
    reason = 'line_moved',
    column_name = 'order_id',
    message = format('line ''%s'' was moved to another order: it belongs to ''%s''', staged.id, stored.order_id)
from ods.order_lines stored
where stored.id = staged.id and stored.order_id <> staged.order_id and staged.outcome is null
