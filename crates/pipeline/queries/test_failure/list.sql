select model, test, severity, failures, rows
from daybook.test_failure
where run_id = $1
order by severity, model nulls last, test
