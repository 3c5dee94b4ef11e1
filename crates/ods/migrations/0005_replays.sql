-- Rejected rows can be exported, corrected and replayed.

alter table daybook.load
    add column batch_time timestamp,
    add column replays bigint references daybook.load (id);

comment on column daybook.load.batch_time is 'When the batch''s changes of products take effect; null if it has none';
comment on column daybook.load.replays is 'The load whose rejected rows this one brings again, corrected';

alter table daybook.load_file add column header text;

comment on column daybook.load_file.header is 'A CSV file''s first line; null for a file of events';

-- What was loaded before can be replayed, too: its columns are taken to be in the contract's order.
update daybook.load_file
set header = case table_name
    when 'product' then 'id,title,product_type,created_at'
    when 'variant' then 'id,product_id,price,title,created_at,updated_at,ingested_at'
    when 'orders' then 'id,processed_timestamp,customer_id'
    when 'order_lines' then 'id,quantity,variant_id,revenue,order_id'
end
where name like '%.csv%';

alter table daybook.rejected_row add column replayed_in bigint references daybook.load (id);

comment on column daybook.rejected_row.replayed_in is 'The load that brought the row again; null while it is open';

create index rejected_row_open_idx on daybook.rejected_row (table_name, reason) where replayed_in is null;
