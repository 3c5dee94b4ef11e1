select
    count(*) as lines,
    count(raw) filter (where line > 1) as rows,
    coalesce(sum(octet_length(raw)), 0) as bytes,
    max(raw) filter (where line = 1) as header
from {import}
