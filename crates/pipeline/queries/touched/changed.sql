-- Rows of {table} that differ from what is held of their date. Questions about them follow.
with

changed as (
    select staging.*
    from {table}_staging as staging
    where
        staging.partition_date in (:dates)
        and not exists (
            select 1
            from "{table}" as held
            where
                held.partition_date in (:dates)
                and held.partition_date = staging.partition_date
                and {same}
        )
)

