-- The load $1 brought the rejected rows $3 of the load $2 again.
with linked as (
    update daybook.load set replays = $2 where id = $1
)

update daybook.rejected_row set replayed_in = $1 where id = any($3)
