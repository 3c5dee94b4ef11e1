-- Which of the given batches were loaded as they are: $1 batch, $2 uri and $3 fingerprint of each of their files.
with given as (
    select batch, uri, fingerprint, count(*) over (partition by batch) as files
    from unnest($1::bigint[], $2::text[], $3::text[]) as given (batch, uri, fingerprint)
)

select distinct given.batch
from given
inner join daybook.load_file file on file.uri = given.uri and file.fingerprint = given.fingerprint
inner join daybook.load on load.id = file.load_id and load.state = 'loaded'
group by given.batch, given.files, load.id
having count(*) = given.files
    and given.files = (select count(*) from daybook.load_file other where other.load_id = load.id)
