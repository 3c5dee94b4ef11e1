create temp table held_transaction (
    ordinal bigint not null,
    id varchar collate "C" not null,
    order_id varchar collate "C" not null,
    status varchar not null,
    created_at timestamp not null
)
