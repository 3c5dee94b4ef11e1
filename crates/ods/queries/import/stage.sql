-- A blank line is null. `offset 0` keeps the planner from splitting a line again for each of its fields.
insert into {stage} (line, raw, {columns})
select line, raw, {values}
from (
    select line, raw, string_to_array(raw, ',') as fields
    from {import}
    where line > 1 and raw is not null
    offset 0
) split
where octet_length(raw) <= {longest}
    and strpos(raw, '"') = 0
    and {checks}
