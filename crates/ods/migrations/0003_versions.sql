-- Every insert, update and delete of a product or variant, whoever makes it.
--
-- The state of an id at a time is its last version by (valid_from, sequence) that is valid before that time; none
-- if that one is a delete. The latest versions of all ids are the contract tables.

create sequence daybook.version_sequence;

create table daybook.product_version (
    sequence bigint not null default nextval('daybook.version_sequence') primary key,
    id varchar collate "C" not null,
    title varchar(255) not null,
    product_type varchar(45) not null,
    created_at timestamp not null,
    valid_from timestamp not null,
    operation text not null check (operation in ('insert', 'update', 'delete'))
);

-- An insert and an update that leave the same content at the same time are one version.
create unique index product_version_content_key on daybook.product_version
    (id, valid_from, (operation = 'delete'), title, product_type, created_at);
create index product_version_latest_idx on daybook.product_version (id, valid_from desc, sequence desc);

create table daybook.variant_version (
    sequence bigint not null default nextval('daybook.version_sequence') primary key,
    id varchar collate "C" not null,
    product_id varchar collate "C" not null,
    price int not null,
    title varchar(255) not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    ingested_at timestamp not null,
    valid_from timestamp not null,
    operation text not null check (operation in ('insert', 'update', 'delete'))
);

create unique index variant_version_content_key on daybook.variant_version
    (id, valid_from, (operation = 'delete'), product_id, price, title, created_at, updated_at, ingested_at);
create index variant_version_latest_idx on daybook.variant_version (id, valid_from desc, sequence desc);

-- Appends a version; one that arrives again moves to the end of its time.
create function daybook.append_product_version(product ods.product, valid_from timestamp, operation text)
returns void
language sql
as $$
    insert into daybook.product_version (id, title, product_type, created_at, valid_from, operation)
    values (product.id, product.title, product.product_type, product.created_at, $2, $3)
    on conflict (id, valid_from, (operation = 'delete'), title, product_type, created_at)
    do update set sequence = excluded.sequence
$$;

create function daybook.append_variant_version(variant ods.variant, valid_from timestamp, operation text)
returns void
language sql
as $$
    insert into daybook.variant_version
        (id, product_id, price, title, created_at, updated_at, ingested_at, valid_from, operation)
    values (
        variant.id, variant.product_id, variant.price, variant.title, variant.created_at, variant.updated_at,
        variant.ingested_at, $2, $3
    )
    on conflict
        (id, valid_from, (operation = 'delete'), product_id, price, title, created_at, updated_at, ingested_at)
    do update set sequence = excluded.sequence
$$;

-- The trigger functions run as their owner, so that whoever may write a contract table needs no right on the
-- versions.

-- A product's first version begins when it was created; every later change or removal, now.
create function daybook.record_product() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    is_new constant boolean := tg_op = 'INSERT' or (tg_op = 'UPDATE' and new.id <> old.id);
    is_gone constant boolean := tg_op = 'DELETE' or (tg_op = 'UPDATE' and new.id <> old.id);
    latest timestamp;
begin
    if is_gone then
        select max(version.valid_from) into latest from daybook.product_version version where version.id = old.id;
        perform daybook.append_product_version(old, greatest(daybook.clock(), latest), 'delete');
    end if;
    if tg_op <> 'DELETE' then
        select max(version.valid_from) into latest from daybook.product_version version where version.id = new.id;
        perform daybook.append_product_version(
            new,
            case when latest is null then new.created_at else greatest(daybook.clock(), latest) end,
            case when is_new then 'insert' else 'update' end
        );
    end if;
    return null;
end
$$;

-- Keeps updated_at, the only time that a variant's version has, in step with the order in which changes happen:
-- a change that brings no later time of its own happens now, and no row is older than its own last version.
create function daybook.time_variant() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    latest timestamp;
begin
    if tg_op = 'UPDATE' then
        if (new.id, new.price, new.title, new.product_id)
            is distinct from (old.id, old.price, old.title, old.product_id)
            and new.updated_at <= old.updated_at
        then
            new.updated_at := daybook.clock();
        end if;
        new.updated_at := greatest(new.updated_at, old.updated_at);
        if new.id = old.id then
            return new;
        end if;
    end if;
    select max(version.valid_from) into latest from daybook.variant_version version where version.id = new.id;
    if latest > new.updated_at then
        new.updated_at := greatest(daybook.clock(), latest);
    end if;
    return new;
end
$$;

create function daybook.record_variant() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    is_new constant boolean := tg_op = 'INSERT' or (tg_op = 'UPDATE' and new.id <> old.id);
    is_gone constant boolean := tg_op = 'DELETE' or (tg_op = 'UPDATE' and new.id <> old.id);
    latest timestamp;
begin
    if is_gone then
        select max(version.valid_from) into latest from daybook.variant_version version where version.id = old.id;
        perform daybook.append_variant_version(old, greatest(daybook.clock(), latest), 'delete');
    end if;
    if tg_op <> 'DELETE' then
        perform daybook.append_variant_version(
            new, new.updated_at, case when is_new then 'insert' else 'update' end
        );
    end if;
    return null;
end
$$;

-- A loader that writes the versions itself, and then the rows that follow from them, says so in its transaction.
create trigger record_product_insert after insert on ods.product
    for each row when (current_setting('daybook.versioned_write', true) is distinct from 'on')
    execute function daybook.record_product();
create trigger record_product_update after update on ods.product
    for each row when (
        old is distinct from new and current_setting('daybook.versioned_write', true) is distinct from 'on'
    )
    execute function daybook.record_product();
create trigger record_product_delete after delete on ods.product
    for each row execute function daybook.record_product();

create trigger time_variant before insert or update on ods.variant
    for each row when (current_setting('daybook.versioned_write', true) is distinct from 'on')
    execute function daybook.time_variant();
create trigger record_variant_insert after insert on ods.variant
    for each row when (current_setting('daybook.versioned_write', true) is distinct from 'on')
    execute function daybook.record_variant();
create trigger record_variant_update after update on ods.variant
    for each row when (
        old is distinct from new and current_setting('daybook.versioned_write', true) is distinct from 'on'
    )
    execute function daybook.record_variant();
create trigger record_variant_delete after delete on ods.variant
    for each row execute function daybook.record_variant();

-- TRUNCATE fires no row triggers: the removed rows would leave no version, and the close would not see them go.
create function daybook.refuse_truncate() returns trigger
language plpgsql
as $$
begin
    raise exception 'table %.% cannot be truncated: its removed rows would leave no trace; use delete',
        tg_table_schema, tg_table_name
        using errcode = 'feature_not_supported';
end
$$;

create trigger refuse_truncate before truncate on ods.product
    for each statement execute function daybook.refuse_truncate();
create trigger refuse_truncate before truncate on ods.variant
    for each statement execute function daybook.refuse_truncate();
create trigger refuse_truncate before truncate on ods.transaction
    for each statement execute function daybook.refuse_truncate();
create trigger refuse_truncate before truncate on ods.orders
    for each statement execute function daybook.refuse_truncate();
create trigger refuse_truncate before truncate on ods.order_lines
    for each statement execute function daybook.refuse_truncate();
