-- Tests of models that did not hold, with some of the rows.
create table daybook.test_failure (
    id bigint generated always as identity primary key,
    run_id bigint not null references daybook.run (id) on delete cascade,
    model text,
    test text not null,
    severity text not null check (severity in ('warn', 'error')),
    failures bigint not null,
    rows jsonb not null
);

create index test_failure_run on daybook.test_failure (run_id);
