create temp table if not exists held_order_lines (
    id varchar collate "C" not null,
    quantity int not null,
    variant_id varchar collate "C" not null,
    revenue int not null,
    order_id varchar collate "C" not null
) on commit delete rows
