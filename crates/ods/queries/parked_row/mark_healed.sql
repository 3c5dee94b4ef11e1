update daybook.parked_row
set healed_at = $2, healed_by = 'close'
where id = any($1) and healed_at is null
