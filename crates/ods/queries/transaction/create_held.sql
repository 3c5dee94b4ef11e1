create temp table if not exists held_transaction (
    id varchar collate "C" not null,
    order_id varchar collate "C" not null,
    status varchar not null,
    created_at timestamp not null
) on commit delete rows
