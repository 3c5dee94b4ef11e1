-- The source contract: five tables that a shop's back end fills. Every timestamp is UTC, every amount is in minor
-- units. Ids compare bytewise ("C"), so that two ids which differ only by case never become one.

create schema if not exists ods;

create table ods.product (
    id varchar collate "C" not null primary key,
    title varchar(255) not null,
    product_type varchar(45) not null,
    created_at timestamp not null
);

create table ods.variant (
    id varchar collate "C" not null primary key,
    product_id varchar collate "C" not null,
    price int not null,
    title varchar(255) not null,
    created_at timestamp not null,
    updated_at timestamp not null,
    ingested_at timestamp not null,
    constraint variant_product_id_fkey foreign key (product_id) references ods.product (id)
        on delete cascade deferrable initially deferred
);

create index variant_product_id_idx on ods.variant (product_id);

-- order_id is a soft key: payments and orders arrive at different times.
create table ods.transaction (
    id varchar collate "C" not null primary key,
    order_id varchar collate "C" not null,
    status varchar(45) not null,
    created_at timestamp not null
);

create index transaction_order_id_idx on ods.transaction (order_id);
create index transaction_created_at_idx on ods.transaction (created_at);

create table ods.orders (
    id varchar collate "C" not null primary key,
    processed_timestamp timestamp not null,
    customer_id varchar collate "C" not null
);

create index orders_customer_id_idx on ods.orders (customer_id);
create index orders_processed_timestamp_idx on ods.orders (processed_timestamp);

create table ods.order_lines (
    id varchar collate "C" not null primary key,
    quantity int not null,
    variant_id varchar collate "C" not null,
    revenue int not null,
    order_id varchar collate "C" not null,
    constraint order_lines_order_id_fkey foreign key (order_id) references ods.orders (id)
        on delete cascade deferrable initially deferred
);

-- Without this index, deleting an order scans every line.
create index order_lines_order_id_idx on ods.order_lines (order_id);
