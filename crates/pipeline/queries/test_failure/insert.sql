insert into daybook.test_failure (run_id, model, test, severity, failures, rows)
values ($1, $2, $3, $4, $5, $6)
