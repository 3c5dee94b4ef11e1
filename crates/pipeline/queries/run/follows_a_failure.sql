-- Whether a run between the last one that published and run $1 ended without publishing.
select exists (
    select
    from daybook.run
    where
        id < $1
        and state in ('failed', 'abandoned')
        and publication is null
        and id > coalesce((
            select max(published.id)
            from daybook.run as published
            where published.id < $1 and published.publication is not null
        ), 0)
)
