-- Nobody writes orders or lines until this transaction ends; readers go on. One lock of each table instead of one of each
-- row: it is taken in no time, while locking rows takes as long as deleting them.
--
-- Of two transactions that wait for each other, PostgreSQL ends the one that looks first, after deadlock_timeout (a
-- second, as a rule). Waiting twice that long and no longer, this one looks first or has given up before the other looks.
set local lock_timeout = '2s';
lock table ods.orders, ods.order_lines in share row exclusive mode;
