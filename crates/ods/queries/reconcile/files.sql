-- What the files of loads that touched a date from $1 to $2 brought, for each of these dates. A load that touched
-- several counts for each of them.
select
    touched.partition_date,
    load_file.table_name,
    count(*) as files,
    sum(load_file.rows_read)::bigint as rows_read,
    sum(load_file.loaded)::bigint as loaded,
    sum(load_file.unchanged)::bigint as unchanged,
    sum(load_file.rejected)::bigint as rejected,
    sum(load_file.parked)::bigint as parked
from daybook.load
cross join unnest(load.dates_touched) as touched (partition_date)
inner join daybook.load_file on load_file.load_id = load.id
where load.state = 'loaded' and touched.partition_date between $1 and $2
group by touched.partition_date, load_file.table_name
order by touched.partition_date, load_file.table_name
