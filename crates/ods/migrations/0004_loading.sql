-- Batches that are not loaded: refused whole, or half a pair that waits for its other half.

alter table daybook.load drop constraint load_state_check;
alter table daybook.load add constraint load_state_check check (state in ('loaded', 'refused', 'waiting'));

drop index daybook.load_refused_uri_key;
create unique index load_held_back_uri_key on daybook.load (uri) where state <> 'loaded';

comment on column daybook.load.message is 'Why the batch was refused, or which file it waits for';
comment on column daybook.load.started_at is 'When the load began; of a batch that is held back, since when it is';
