-- Whoever holds the run lock knows that no other run is alive.
update daybook.run
set state = 'abandoned', finished_at = $1
where state = 'running'
