-- What the ODS holds of a shop with 30 million orders a year: three days. 247,000 orders, 617,500 lines, 260,000
-- payments; 6,000 variants of 1,500 products. Most customers have an order or two, one in twelve orders is a guest's,
-- and all guests are one customer.
insert into ods.product (id, title, product_type, created_at)
select 6000000000000 + n, 'Product ' || n, 'type ' || n % 40, now() at time zone 'UTC' - interval '1 year'
from generate_series(0, 1499) n;

insert into ods.variant (id, product_id, price, title, created_at, updated_at, ingested_at)
select 39000000000000 + n, 6000000000000 + n / 4, 500 + n % 9000, 'Variant ' || n,
    now() at time zone 'UTC' - interval '1 year', now() at time zone 'UTC' - interval '1 year',
    now() at time zone 'UTC' - interval '1 year'
from generate_series(0, 5999) n;

insert into ods.orders (id, processed_timestamp, customer_id)
select 4500000000000 + 3 * n, now() at time zone 'UTC' - (247000 - n) * interval '3 days' / 247000,
    case when n % 12 = 0 then 7000000000000 else 7000000000001 + (hashint4(n)::bigint + 2147483648) % 180000 end
from generate_series(1, 247000) n;

insert into ods.order_lines (id, quantity, variant_id, revenue, order_id)
select 8200000000000 + 10 * n + line, 1 + n % 4, 39000000000000 + (hashint4(n * 4 + line)::bigint + 2147483648) % 6000,
    500 + n % 9000, 4500000000000 + 3 * n
from generate_series(1, 247000) n
cross join lateral generate_series(1, 2 + n % 2) line;

insert into ods.transaction (id, order_id, status, created_at)
select 5200000000000 + 3 * n + attempt, 4500000000000 + 3 * n,
    case when attempt = 1 and n % 19 = 0 then 'failed' else 'success' end,
    now() at time zone 'UTC' - (247000 - n) * interval '3 days' / 247000 + attempt * interval '1 minute'
from generate_series(1, 247000) n
cross join lateral generate_series(1, case when n % 19 = 0 then 2 else 1 end) attempt;
