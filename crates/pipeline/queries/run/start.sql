insert into daybook.run (from_date, to_date, started_at)
values ($1, $2, $3)
returning id
