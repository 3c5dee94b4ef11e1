delete from daybook.load
where state = 'waiting'
    and (uri = $1 or starts_with(uri, rtrim($1, '/') || '/'))
    and uri <> all($2)
