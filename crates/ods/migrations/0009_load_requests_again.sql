-- A load that is asked for while it runs is done once more.

alter table daybook.load_request add column is_asked_again boolean not null default false;

comment on column daybook.load_request.is_asked_again is 'Asked for while it runs: what came since may have been missed';
