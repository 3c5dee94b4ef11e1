-- Loads that were asked for over HTTP; each place once.

create table daybook.load_request (
    id bigint generated always as identity primary key,
    uri text not null unique,
    state text not null check (state in ('queued', 'running', 'done', 'failed')),
    message text,
    result jsonb not null default '[]',
    requested_at timestamp not null,
    finished_at timestamp
);

comment on column daybook.load_request.message is 'Why it failed';
comment on column daybook.load_request.result is 'What became of each batch and event file';

create index load_request_open_idx on daybook.load_request (id) where state in ('queued', 'running');
