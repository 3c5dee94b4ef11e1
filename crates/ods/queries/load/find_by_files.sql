-- A load of exactly these files ($1), unchanged since ($2).
select load.id
from daybook.load
inner join daybook.load_file file on file.load_id = load.id
left join unnest($1::text[], $2::text[]) as given (uri, fingerprint)
    on given.uri = file.uri and given.fingerprint = file.fingerprint
where load.state = 'loaded'
    and load.id in (select same.load_id from daybook.load_file same where same.uri = any($1))
group by load.id
having count(*) = cardinality($1) and count(given.uri) = cardinality($1)
limit 1
