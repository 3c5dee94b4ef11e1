-- Of identical rows with one id the first is kept; rows that contradict each other are all rejected.
with repeated as materialized (
    select id from {stage} where outcome is null group by id having count(*) > 1
),

judged as (
    select
        staged.id,
        count(distinct ({content})) > 1 as is_conflict,
        min(staged.line) as first_line
    from {stage} staged
    inner join repeated on repeated.id = staged.id
    where staged.outcome is null
    group by staged.id
)

update {stage} staged
set
    outcome = case when judged.is_conflict then 'rejected' else 'unchanged' end,
    reason = case when judged.is_conflict then 'conflicting_duplicate' end,
    column_name = case when judged.is_conflict then 'id' end,
    message = case
        when judged.is_conflict
            then format('another row of this file has id ''%s'' too, with other values', staged.id)
    end
from judged
where staged.id = judged.id
    and staged.outcome is null
    and (judged.is_conflict or staged.line > judged.first_line)
