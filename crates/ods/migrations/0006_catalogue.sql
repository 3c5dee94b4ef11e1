-- The catalogue as one document, for any client and within the client's own transaction; look-ups for customer
-- service.

-- Names only: whoever may write the contract's tables can call what ods.upsert_catalogue needs. Daybook's own tables
-- stay closed.
grant usage on schema daybook to public;

-- Finds the products that share their natural key.
create index product_title_product_type_idx on ods.product (title, product_type);

-- A customer's orders in the order of their pages. It serves the customer's id alone, too. Without the order's id the
-- planner would sort all orders of a customer that has thousands, such as one that stands for guests.
drop index ods.orders_customer_id_idx;
create index orders_customer_id_idx on ods.orders (customer_id, processed_timestamp, id);

-- The time of a variant's latest version, which outlives the variant; null if there never was one.
create function daybook.latest_variant_time(id varchar) returns timestamp
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select max(version.valid_from) from daybook.variant_version version where version.id = $1
$$;

-- Notes a variant's older state in the history and leaves the table as it is. By trigger, so that it takes the right
-- to insert variants and none on the versions.
create function daybook.note_older_variant() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform daybook.append_variant_version(
        new,
        new.updated_at,
        case when exists (select from ods.variant where variant.id = new.id) then 'update' else 'insert' end
    );
    return null;
end
$$;

create trigger note_older_variant before insert on ods.variant
    for each row when (current_setting('daybook.history_only', true) = 'on')
    execute function daybook.note_older_variant();

-- Reading a document. What breaks the contract is an error with SQLSTATE 22023 whose detail is the JSON pointer of
-- the wrong part, and whose column is the pointer's last name.

create function daybook.refuse_document(pointer text, problem text) returns void
language plpgsql
as $$
begin
    raise exception '%', problem using errcode = 'invalid_parameter_value', detail = pointer;
end
$$;

-- A value as a message shows it: on one line, and no longer than a glance.
create function daybook.shown(value text) returns text
language sql immutable
as $$
    select format(
        '''%s%s''',
        regexp_replace(left(value, 60), '[[:cntrl:]]', ' ', 'g'),
        case when length(value) > 60 then '…' end
    )
$$;

create function daybook.check_fields(element jsonb, allowed text[], pointer text) returns void
language plpgsql
as $$
declare
    unknown text;
begin
    if jsonb_typeof(element) is distinct from 'object' then
        perform daybook.refuse_document(pointer, 'this is not a JSON object');
    end if;
    select min(key) into unknown from jsonb_object_keys(element) key where key <> all (allowed);
    if unknown is not null then
        perform daybook.refuse_document(
            pointer || '/' || replace(replace(unknown, '~', '~0'), '/', '~1'),
            format('there is no field %s here, only %s', daybook.shown(unknown), array_to_string(allowed, ', '))
        );
    end if;
end
$$;

create function daybook.array_field(element jsonb, field text, pointer text) returns jsonb
language plpgsql
as $$
begin
    if element ->> field is null then
        return '[]';
    end if;
    if jsonb_typeof(element -> field) <> 'array' then
        perform daybook.refuse_document(pointer || '/' || field, format('%s is not a JSON array', field));
    end if;
    return element -> field;
end
$$;

create function daybook.text_field(element jsonb, field text, longest int, pointer text) returns text
language plpgsql
as $$
declare
    value constant text := element ->> field;
begin
    if coalesce(value, '') = '' then
        perform daybook.refuse_document(pointer || '/' || field, format('%s is missing', field));
    elsif jsonb_typeof(element -> field) <> 'string' then
        perform daybook.refuse_document(pointer || '/' || field, format('%s is not a JSON string', field));
    elsif length(value) > longest then
        perform daybook.refuse_document(
            pointer || '/' || field,
            format('%s %s is longer than %s characters', field, daybook.shown(value), longest)
        );
    end if;
    return value;
end
$$;

create function daybook.id_field(element jsonb, field text, pointer text) returns text
language plpgsql
as $$
declare
    longest constant int := 512;
    -- as many characters are at least as many bytes
    value constant text := daybook.text_field(element, field, longest, pointer);
begin
    if octet_length(value) > longest then
        perform daybook.refuse_document(
            pointer || '/' || field,
            format('%s %s is longer than %s bytes', field, daybook.shown(value), longest)
        );
    end if;
    return value;
end
$$;

create function daybook.integer_field(element jsonb, field text, pointer text) returns int
language plpgsql
as $$
declare
    value constant text := element ->> field;
    is_number constant boolean := jsonb_typeof(element -> field) = 'number';
begin
    if coalesce(value, '') = '' then
        perform daybook.refuse_document(pointer || '/' || field, format('%s is missing', field));
    elsif not is_number or value !~ '^-?[0-9]+$' or value::numeric not between -2147483648 and 2147483647 then
        perform daybook.refuse_document(
            pointer || '/' || field,
            format('%s %s is not a JSON integer of 32 bits', field, daybook.shown(value))
        );
    end if;
    return value::int;
end
$$;

-- Whether a text is a real time YYYY-MM-DD[ T]HH:MM:SS[.ffffff] with an optional offset; a cast would take much more.
create function daybook.is_timestamp(value text) returns boolean
language plpgsql immutable
as $$
declare
    part constant text[] := regexp_match(
        value,
        '^([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?'
        '(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)?$'
    );
    month int;
begin
    if part is null or part[1] = '0000' or part[2] not between '01' and '12' or part[3] = '00' then
        return false;
    end if;
    month := part[2]::int;
    return part[3]::int <= extract(day from make_date(part[1]::int, month, 1) + interval '1 month - 1 day');
end
$$;

-- A time in UTC; null when it is left out.
create function daybook.timestamp_field(element jsonb, field text, pointer text) returns timestamp
language plpgsql
as $$
declare
    value constant text := element ->> field;
begin
    if value is null then
        return null;
    end if;
    if jsonb_typeof(element -> field) <> 'string' then
        perform daybook.refuse_document(pointer || '/' || field, format('%s is not a JSON string', field));
    elsif not daybook.is_timestamp(value) then
        perform daybook.refuse_document(
            pointer || '/' || field,
            format(
                '%s %s is not a timestamp YYYY-MM-DD HH:MM:SS[.ffffff] with an optional offset',
                field,
                daybook.shown(value)
            )
        );
    end if;
    return case
        when substring(value from 20) ~ '[Z+-]' then value::timestamptz at time zone 'UTC'
        else value::timestamp
    end;
end
$$;

-- An element of a document; a time that was left out is null.

create type daybook.catalogue_product as (
    pointer text,
    id text,
    title text,
    product_type text,
    created_at timestamp
);

create type daybook.catalogue_variant as (
    pointer text,
    id text,
    product_id text,
    price int,
    title text,
    created_at timestamp,
    updated_at timestamp,
    ingested_at timestamp
);

create function daybook.read_product(element jsonb, pointer text) returns daybook.catalogue_product
language plpgsql
as $$
begin
    perform daybook.check_fields(element, '{id,title,product_type,created_at,variants}', pointer);
    return (
        pointer,
        daybook.id_field(element, 'id', pointer),
        daybook.text_field(element, 'title', 255, pointer),
        daybook.text_field(element, 'product_type', 45, pointer),
        daybook.timestamp_field(element, 'created_at', pointer)
    );
end
$$;

-- A variant inside a product need not name it, but may not name another one.
create function daybook.read_variant(element jsonb, parent text, pointer text) returns daybook.catalogue_variant
language plpgsql
as $$
declare
    variant daybook.catalogue_variant;
begin
    perform daybook.check_fields(
        element, '{id,product_id,price,title,created_at,updated_at,ingested_at}', pointer
    );
    variant := (
        pointer,
        daybook.id_field(element, 'id', pointer),
        case
            when parent is not null and element ->> 'product_id' is null then parent
            else daybook.id_field(element, 'product_id', pointer)
        end,
        daybook.integer_field(element, 'price', pointer),
        daybook.text_field(element, 'title', 255, pointer),
        daybook.timestamp_field(element, 'created_at', pointer),
        daybook.timestamp_field(element, 'updated_at', pointer),
        daybook.timestamp_field(element, 'ingested_at', pointer)
    );
    if variant.product_id <> parent then
        perform daybook.refuse_document(
            pointer || '/product_id',
            format('product_id %s is not the product around it', daybook.shown(variant.product_id))
        );
    end if;
    return variant;
end
$$;

-- A document's products, and its variants wherever they stand, in its order.
create function daybook.read_catalogue(
    document jsonb, out products daybook.catalogue_product[], out variants daybook.catalogue_variant[]
)
language plpgsql
as $$
declare
    product record;
    variant record;
    read daybook.catalogue_product;
    place text;
    repeated record;
begin
    products := '{}';
    variants := '{}';
    perform daybook.check_fields(document, '{products,variants}', '');
    for product in
        select value, ordinality - 1 as position
        from jsonb_array_elements(daybook.array_field(document, 'products', '')) with ordinality
    loop
        place := format('/products/%s', product.position);
        read := daybook.read_product(product.value, place);
        products := products || read;
        for variant in
            select value, ordinality - 1 as position
            from jsonb_array_elements(daybook.array_field(product.value, 'variants', place)) with ordinality
        loop
            variants := variants || daybook.read_variant(
                variant.value, read.id, format('%s/variants/%s', place, variant.position)
            );
        end loop;
    end loop;
    for variant in
        select value, ordinality - 1 as position
        from jsonb_array_elements(daybook.array_field(document, 'variants', '')) with ordinality
    loop
        variants := variants
            || daybook.read_variant(variant.value, null, format('/variants/%s', variant.position));
    end loop;
    select * into repeated
    from (
        select
            given.*,
            row_number() over (partition by kind, id collate "C" order by length(pointer), pointer) as occurrence
        from (
            select 'product' as kind, id, pointer from unnest(products)
            union all
            select 'variant', id, pointer from unnest(variants)
        ) given
    ) numbered
    where numbered.occurrence > 1
    order by length(numbered.pointer), numbered.pointer
    limit 1;
    if found then
        perform daybook.refuse_document(
            repeated.pointer || '/id', format('%s %s comes twice', repeated.kind, daybook.shown(repeated.id))
        );
    end if;
end
$$;

-- Writing one element under the lock of its row. Says what became of it. Two writers of a new id meet at the insert,
-- and the later one comes round again.

create function daybook.store_product(given daybook.catalogue_product, at timestamp) returns text
language plpgsql
as $$
declare
    stored ods.product;
begin
    loop
        select * into stored from ods.product where product.id = given.id for no key update;
        if found then
            given.created_at := coalesce(given.created_at, stored.created_at);
            update ods.product
            set title = given.title, product_type = given.product_type, created_at = given.created_at
            where product.id = given.id
                and (product.title, product.product_type, product.created_at)
                    is distinct from (given.title, given.product_type, given.created_at);
            return case when found then 'updated' else 'unchanged' end;
        end if;
        insert into ods.product (id, title, product_type, created_at)
        values (given.id, given.title, given.product_type, coalesce(given.created_at, at))
        on conflict (id) do nothing;
        if found then
            return 'inserted';
        end if;
    end loop;
end
$$;

create function daybook.insert_variant(given daybook.catalogue_variant, at timestamp) returns boolean
language plpgsql
as $$
begin
    insert into ods.variant (id, product_id, price, title, created_at, updated_at, ingested_at)
    values (
        given.id,
        given.product_id,
        given.price,
        given.title,
        coalesce(given.created_at, given.updated_at, at),
        coalesce(given.updated_at, at),
        coalesce(given.ingested_at, at)
    )
    on conflict (id) do nothing;
    return found;
end
$$;

-- One that brings an older time than the stored row, or than the variant's own deletion, goes into the history alone,
-- which needs no product.
create function daybook.store_variant(given daybook.catalogue_variant, at timestamp) returns text
language plpgsql
as $$
declare
    stored ods.variant;
begin
    loop
        select * into stored from ods.variant where variant.id = given.id for no key update;
        if stored.id is not null then
            given.created_at := coalesce(given.created_at, stored.created_at);
            given.updated_at := coalesce(given.updated_at, stored.updated_at);
            given.ingested_at := coalesce(given.ingested_at, stored.ingested_at);
        end if;
        if given.updated_at < coalesce(stored.updated_at, daybook.latest_variant_time(given.id)) then
            perform set_config('daybook.history_only', 'on', true);
            perform daybook.insert_variant(given, at);
            perform set_config('daybook.history_only', '', true);
            return 'older';
        end if;
        if not exists (select from ods.product where product.id = given.product_id) then
            raise exception 'product_id % is not the id of a product', daybook.shown(given.product_id) using
                errcode = 'foreign_key_violation',
                detail = given.pointer || '/product_id',
                column = 'product_id';
        end if;
        if stored.id is not null then
            update ods.variant
            set
                product_id = given.product_id,
                price = given.price,
                title = given.title,
                created_at = given.created_at,
                updated_at = given.updated_at,
                ingested_at = given.ingested_at
            where variant.id = given.id
                and (
                    variant.product_id, variant.price, variant.title,
                    variant.created_at, variant.updated_at, variant.ingested_at
                ) is distinct from (
                    given.product_id, given.price, given.title,
                    given.created_at, given.updated_at, given.ingested_at
                );
            return case when found then 'updated' else 'unchanged' end;
        end if;
        if daybook.insert_variant(given, at) then
            return 'inserted';
        end if;
    end loop;
end
$$;

-- How many elements had each of these outcomes.
create function daybook.count_outcomes(outcomes text[], kinds text[]) returns jsonb
language sql immutable
as $$
    select jsonb_object_agg(kind, cardinality(array_positions(outcomes, kind))) from unnest(kinds) kind
$$;

create function ods.upsert_catalogue(document jsonb) returns jsonb
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
    at constant timestamp := daybook.clock();
    products daybook.catalogue_product[];
    variants daybook.catalogue_variant[];
    product daybook.catalogue_product;
    variant daybook.catalogue_variant;
    problem text;
    place text;
    product_outcomes text[] := '{}';
    variant_outcomes text[] := '{}';
    outcome text;
    warnings jsonb;
    older jsonb := '[]';
begin
    begin
        select * into products, variants from daybook.read_catalogue(document);
    exception when invalid_parameter_value then
        -- the same error, without the trace of who read what
        get stacked diagnostics problem = message_text, place = pg_exception_detail;
        raise exception '%', problem using
            errcode = 'invalid_parameter_value', detail = place, column = substring(place from '[^/]*$');
    end;

    -- Every writer locks products before variants, and each kind by id, so that none waits for another in a circle.
    -- Products that only variants name have no pointer: they are locked, for they must not go away.
    for product in
        select given.pointer, given.id collate "C" as id, given.title, given.product_type, given.created_at
        from unnest(products) given
        union all
        select distinct null, given.product_id collate "C", null, null, null::timestamp
        from unnest(variants) given
        where given.product_id not in (select listed.id from unnest(products) listed)
        order by id
    loop
        if product.pointer is null then
            perform from ods.product parent where parent.id = product.id for key share;
            continue;
        end if;
        product_outcomes := product_outcomes || daybook.store_product(product, at);
    end loop;

    for variant in
        select given.* from unnest(variants) given order by given.id collate "C"
    loop
        outcome := daybook.store_variant(variant, at);
        variant_outcomes := variant_outcomes || outcome;
        if outcome = 'older' then
            older := older || jsonb_build_object(
                'code', 'older_than_stored',
                'pointer', variant.pointer,
                'message', format(
                    'variant %s is newer in the store, or was removed later: this state is kept in the history only',
                    daybook.shown(variant.id)
                )
            );
        end if;
    end loop;

    select coalesce(jsonb_agg(
        jsonb_build_object(
            'code', 'natural_key_shared',
            'pointer', shared.pointer,
            'message', format(
                'product %s has the title and the product_type of product %s',
                daybook.shown(shared.id),
                daybook.shown(shared.other_id)
            )
        )
        order by length(shared.pointer), shared.pointer
    ), '[]')
    into warnings
    from (
        select given.pointer, given.id, min(other.id) as other_id
        from unnest(products) given
        inner join ods.product other
            on other.title = given.title and other.product_type = given.product_type and other.id <> given.id
        group by given.pointer, given.id
    ) shared;

    return jsonb_build_object(
        'products', daybook.count_outcomes(product_outcomes, '{inserted,updated,unchanged}'),
        'variants', daybook.count_outcomes(variant_outcomes, '{inserted,updated,unchanged,older}'),
        'warnings', warnings || older
    );
end
$$;

comment on function ods.upsert_catalogue(jsonb) is
    'Inserts or updates products and variants, all or none, within the caller''s transaction.
{"products": [{"id", "title", "product_type", "created_at"?, "variants"?: [{"id", "price", "title", …}]}],
 "variants": [{"id", "product_id", "price", "title", "created_at"?, "updated_at"?, "ingested_at"?}]}
A time that is left out stays as it is stored, or is the clock. Returns counts and warnings. A document that breaks the
contract is SQLSTATE 22023, a product that is not there 23503, with the JSON pointer of the wrong part as detail.
The caller needs the rights to select, insert and update on ods.product and ods.variant.';
