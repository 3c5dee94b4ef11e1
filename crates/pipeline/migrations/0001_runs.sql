-- What was run, and each of its steps.
create table daybook.run (
    id bigint generated always as identity primary key,
    state text not null default 'running' check (state in ('running', 'published', 'unchanged', 'failed', 'abandoned')),
    from_date date,
    to_date date,
    started_at timestamp not null,
    finished_at timestamp,
    publication bigint,
    error text
);

create table daybook.run_step (
    run_id bigint not null references daybook.run (id) on delete cascade,
    position integer not null,
    name text not null,
    started_at timestamp not null,
    finished_at timestamp not null,
    metrics jsonb not null,
    primary key (run_id, position)
);
