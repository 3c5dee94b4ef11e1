-- The hash that `ContentHasher` makes: so many rows at a time ($2), the header ($1) being the first, then the hashes.
with numbered as (
    select
        line,
        case when line = 1 then $1 else raw end as raw,
        (row_number() over (order by line) - 1) / $2 as block
    from {import}
    where raw is not null
),

hashed as (
    select block, sha256(convert_to(string_agg(raw, E'\n' order by line) || E'\n', 'UTF8')) as hash
    from numbered
    group by block
)

select encode(sha256(string_agg(hash, ''::bytea order by block)), 'hex')
from hashed
