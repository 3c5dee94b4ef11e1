-- PostgreSQL shows a lock's number in two halves.
select exists (
    select
    from pg_locks
    where pg_locks.locktype = 'advisory'
        and pg_locks.database = (select oid from pg_database where datname = current_database())
        and pg_locks.classid::bigint = $1 >> 32
        and pg_locks.objid::bigint = $1 & 4294967295
        and pg_locks.objsubid = 1
        and pg_locks.granted
)
