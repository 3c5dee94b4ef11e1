-- Optional filters: $1 id, $2 load, $3 table, $4 reason; $5 whether replayed rows are wanted, too; $6 at most so many;
-- $7 at most so many characters of each row's text.
select
    rejected.id,
    rejected.load_id,
    load.uri,
    rejected.file,
    rejected.line,
    rejected.table_name,
    rejected.column_name,
    rejected.reason,
    rejected.message,
    case when $7::int is null then rejected.raw else left(rejected.raw, $7) end as raw,
    coalesce(char_length(rejected.raw) > $7, false) as is_cut,
    rejected.rejected_at,
    rejected.replayed_in,
    file.header
from daybook.rejected_row rejected
inner join daybook.load on load.id = rejected.load_id
inner join daybook.load_file file on file.load_id = rejected.load_id and file.name = rejected.file
where ($1::bigint is null or rejected.id = $1)
    and ($2::bigint is null or rejected.load_id = $2)
    and ($3::text is null or rejected.table_name = $3)
    and ($4::text is null or rejected.reason = $4)
    and ($5 or rejected.replayed_in is null)
order by rejected.id
limit $6
