create temp table held_order_lines (
    ordinal bigint not null,
    id varchar collate "C" not null,
    quantity int not null,
    variant_id varchar collate "C" not null,
    revenue int not null,
    order_id varchar collate "C" not null
)
