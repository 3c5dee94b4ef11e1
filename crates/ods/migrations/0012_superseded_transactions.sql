-- States of payment transactions that a later one has replaced. A close up to a date between the two reads the earlier
-- one: without it, the books would depend on what had come after the day's end when the close ran. They are kept until
-- the warehouse holds them.

create table daybook.superseded_transaction (
    id varchar collate "C" not null,
    order_id varchar collate "C" not null,
    status varchar(45) not null,
    created_at timestamp not null,
    primary key (id, created_at, status, order_id)
);

-- Whoever makes the change. A correction to an earlier time replaces a mistake, which is no state.
create function daybook.record_superseded_transaction() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into daybook.superseded_transaction (id, order_id, status, created_at)
    values (old.id, old.order_id, old.status, old.created_at)
    on conflict do nothing;
    return null;
end
$$;

create trigger record_superseded_transaction
after update on ods.transaction
for each row when (old.id = new.id and old.created_at < new.created_at)
execute function daybook.record_superseded_transaction();

-- What is taken out by hand has no earlier state either. Expiry takes out what the warehouse holds; what it has not seen of
-- the same transaction stays.
create function daybook.forget_superseded_transaction() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from daybook.superseded_transaction where superseded_transaction.id = old.id;
    return null;
end
$$;

create trigger forget_deleted_transaction
after delete on ods.transaction
for each row when (current_setting('daybook.expiry', true) is distinct from 'on')
execute function daybook.forget_superseded_transaction();

create trigger forget_renamed_transaction
after update on ods.transaction
for each row when (old.id <> new.id)
execute function daybook.forget_superseded_transaction();
