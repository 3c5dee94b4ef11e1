insert into daybook.rejected_row
    (load_id, file, line, table_name, column_name, reason, message, raw, rejected_at)
select $1, $2, line, $3, column_name, reason, message, raw, $4
from {stage}
where outcome = 'rejected'
order by line
