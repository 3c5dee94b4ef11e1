create temp table held_orders (
    ordinal bigint not null,
    id varchar collate "C" not null,
    processed_timestamp timestamp not null,
    customer_id varchar collate "C" not null
)
