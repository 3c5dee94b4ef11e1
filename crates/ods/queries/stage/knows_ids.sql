-- Each staged id is looked up by the key's index, until one is found: `offset 0` keeps the planner from scanning.
select exists (
    select
    from {stage} staged
    cross join lateral (
        select from ods.{table} stored where stored.id = staged.id offset 0
    ) known
    where staged.outcome is null
)
