-- What was held back at or below the place $1, where the batches $2 are now; those of them that are half a pair are $3.
delete from daybook.load
where (uri = $1 or starts_with(uri, rtrim($1, '/') || '/'))
    and ((state = 'refused' and uri <> all($2)) or (state = 'waiting' and uri <> all($3)))
