create temp table if not exists held_orders (
    id varchar collate "C" not null,
    processed_timestamp timestamp not null,
    customer_id varchar collate "C" not null
) on commit delete rows
