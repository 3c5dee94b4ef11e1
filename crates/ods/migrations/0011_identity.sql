-- Which operational data store this is. What a warehouse has taken in is named by ids that count from 1 in each store, so
-- it must know whose they are.

create table daybook.identity (
    is_only boolean primary key default true check (is_only),
    id uuid not null default gen_random_uuid()
);

insert into daybook.identity default values;
