-- Ids that are counted up lie in a range where none is stored, which one look into the key's index tells. Otherwise
-- each staged id is looked up, until one is found: `offset 0` keeps the planner from scanning.
with range as materialized (
    select min(id) as first, max(id) as last from {stage} where outcome is null
)

select case
    when not exists (
        select
        from range
        cross join lateral (
            select from ods.{table} stored where stored.id between range.first and range.last limit 1
        ) inside
    ) then false
    else exists (
        select
        from {stage} staged
        cross join lateral (
            select from ods.{table} stored where stored.id = staged.id offset 0
        ) known
        where staged.outcome is null
    )
end
