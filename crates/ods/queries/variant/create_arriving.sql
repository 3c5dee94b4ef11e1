create temp table arriving_variant (
    ordinal bigint not null,
    id varchar collate "C" not null,
    product_id varchar collate "C" not null,
    price int not null,
    title varchar not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    ingested_at timestamp not null
) on commit drop
