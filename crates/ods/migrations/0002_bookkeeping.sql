-- Daybook's own books: the ledger of loads, and what could not be stored or has to wait.

-- The schema itself exists already: the table of applied migrations lives in it.

-- The injected clock's time if a connection was given one, else the server's; UTC.
create function daybook.clock() returns timestamp
language sql volatile
as $$
    select coalesce(
        nullif(current_setting('daybook.now', true), '')::timestamp,
        clock_timestamp() at time zone 'UTC'
    )
$$;

-- The date of a UTC timestamp in the business time zone.
create function daybook.business_date(utc timestamp, timezone text) returns date
language sql immutable parallel safe
as $$
    select (utc at time zone 'UTC' at time zone timezone)::date
$$;

-- One row for each batch or event file that was loaded, or refused as a whole.
create table daybook.load (
    id bigint generated always as identity primary key,
    uri text not null,
    content_hash text not null,
    state text not null check (state in ('loaded', 'refused')),
    message text,
    started_at timestamp not null,
    finished_at timestamp not null,
    healed bigint not null default 0,
    dates_touched date[] not null default '{}',
    published_in bigint
);

comment on column daybook.load.message is 'Why the batch was refused';
comment on column daybook.load.healed is 'How many rows of earlier loads this one brought the parent for';
comment on column daybook.load.dates_touched is 'The business dates whose content the load changed';
comment on column daybook.load.published_in is 'The publish that took the load into the warehouse; null until then';

-- The same content is loaded once, whatever it is called.
create unique index load_content_hash_key on daybook.load (content_hash) where state = 'loaded';
create unique index load_refused_uri_key on daybook.load (uri) where state = 'refused';
create index load_unpublished_idx on daybook.load (id) where state = 'loaded' and published_in is null;

create table daybook.load_file (
    load_id bigint not null references daybook.load (id) on delete cascade,
    name text not null,
    table_name text not null,
    content_hash text not null,
    uri text not null,
    fingerprint text not null,
    bytes bigint not null,
    rows_read bigint not null,
    loaded bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    parked bigint not null,
    primary key (load_id, name),
    constraint every_row_is_accounted_for check (rows_read = loaded + unchanged + rejected + parked)
);

comment on column daybook.load_file.fingerprint is
    'The object''s size, time and tag: while they stay, the file need not be read again';

create index load_file_uri_idx on daybook.load_file (uri);

-- Rows that break the contract.
create table daybook.rejected_row (
    id bigint generated always as identity primary key,
    load_id bigint not null references daybook.load (id) on delete cascade,
    file text not null,
    line bigint not null,
    table_name text not null,
    column_name text,
    reason text not null,
    message text not null,
    raw text not null,
    rejected_at timestamp not null
);

create index rejected_row_load_id_idx on daybook.rejected_row (load_id);

-- Rows that wait for their parent. Of one line at most one row waits: the newest.
create table daybook.parked_row (
    id bigint generated always as identity primary key,
    load_id bigint not null references daybook.load (id) on delete cascade,
    file text not null,
    line bigint not null,
    table_name text not null,
    row_id varchar collate "C" not null,
    parent_id varchar collate "C" not null,
    content jsonb not null,
    raw text not null,
    parked_at timestamp not null,
    healed_at timestamp,
    healed_by text
);

comment on column daybook.parked_row.healed_by is
    '''load'' (one that brought the parent), ''sweep'' (the parent came by another way), ''close'', or ''superseded'' (a newer row of the same id came)';

create index parked_row_load_id_idx on daybook.parked_row (load_id);
create index parked_row_parent_idx on daybook.parked_row (table_name, parent_id) where healed_at is null;
create index parked_row_row_idx on daybook.parked_row (table_name, row_id) where healed_at is null;
