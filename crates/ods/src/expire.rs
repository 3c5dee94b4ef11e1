//! Retention: the operational store lets go of what the published warehouse provably holds.

use std::collections::HashMap;
use std::ops::{Add, AddAssign, Range, RangeInclusive};

use arrow::array::RecordBatch;
use chrono::{NaiveDate, NaiveDateTime};
use daybook_model::contract::Table;
use daybook_model::{BusinessTimezone, PartitionDate};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::copy::{HeldRow, copy_batches};
use crate::load::serialize_loads;
use crate::{Ods, OdsError};

/// How many orders, or payments, one deleting transaction looks at: it holds up loads and other writers that long.
const BATCH_ROWS: i64 = 5_000;

/// How many lines its orders have, unless one order alone has more.
const BATCH_LINES: u64 = 25_000;

/// The held lines of a batch are found in a table in memory, or else each would be compared with each.
const DELETING: &str = "select set_config('synchronous_commit', 'off', true), \
     set_config('work_mem', '32MB', true), set_config('daybook.expiry', 'on', true)";

/// What an expiry did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpireMetrics {
    /// Orders that were deleted.
    pub orders: u64,
    /// Lines that went with them.
    pub order_lines: u64,
    /// Payment transactions that were deleted.
    pub transactions: u64,
    /// Orders or payment transactions of the dates that stay, because the warehouse does not hold them as they are, or
    /// because somebody was writing orders or lines.
    pub kept: u64,
    /// Whether it gave up because somebody was writing orders or lines.
    pub interrupted: bool,
}

impl Add for ExpireMetrics {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            orders: self.orders + other.orders,
            order_lines: self.order_lines + other.order_lines,
            transactions: self.transactions + other.transactions,
            kept: self.kept + other.kept,
            interrupted: self.interrupted || other.interrupted,
        }
    }
}

impl AddAssign for ExpireMetrics {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Ods {
    /// The business dates before `before` that still have orders, payments or superseded states of these here, oldest
    /// first.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn dates_to_expire(
        &self,
        before: PartitionDate,
        timezone: BusinessTimezone,
    ) -> Result<Vec<PartitionDate>, OdsError> {
        let dates: Vec<NaiveDate> = sqlx::query_scalar(include_str!("../queries/orders/select_dates.sql"))
            .bind(start_of(before, timezone))
            .bind(timezone.name())
            .fetch_all(self.pool())
            .await?;
        Ok(dates.into_iter().map(PartitionDate::new).collect())
    }

    /// Deletes the orders of `dates`, with their lines, that the warehouse holds: `held_orders` and `held_lines` are
    /// what it has published of these dates, with the contract's columns at least.
    ///
    /// An order stays if it, or any one of its lines, is not held with the same content; this is checked again under
    /// lock in the deleting transaction. While somebody keeps a transaction open that has written orders or lines, they
    /// all stay for the next time. Repeating it is harmless.
    ///
    /// # Errors
    ///
    /// [`OdsError::Held`] when the batches lack a column; otherwise when PostgreSQL fails. What was deleted until
    /// then was held.
    pub async fn expire_orders(
        &self,
        dates: RangeInclusive<PartitionDate>,
        timezone: BusinessTimezone,
        held_orders: &[RecordBatch],
        held_lines: &[RecordBatch],
    ) -> Result<ExpireMetrics, OdsError> {
        let mut connection = self.pool().acquire().await?;
        // Lines have the ordinals of their orders, so that what is looked at together is found together.
        let mut ordinals: HashMap<String, i64> = HashMap::new();
        hold(&mut connection, Table::Orders, held_orders, |order| {
            let next = ordinals.len() as i64 + 1;
            Some(*ordinals.entry(order.text("id").to_owned()).or_insert(next))
        })
        .await?;
        let mut line_counts = vec![0; ordinals.len()];
        hold(&mut connection, Table::OrderLines, held_lines, |line| {
            let ordinal = *ordinals.get(line.text("order_id"))?;
            line_counts[ordinal as usize - 1] += 1;
            Some(ordinal)
        })
        .await?;
        let mut metrics = ExpireMetrics::default();
        for batch in batches(&line_counts) {
            match expire_some_orders(&mut connection, batch).await {
                Err(error) if is_in_use(&error) => {
                    metrics.interrupted = true;
                    break;
                }
                expired => metrics += expired?,
            }
        }
        release(&mut connection, &[Table::Orders, Table::OrderLines]).await?;
        let query =
            "select count(*) from ods.orders where processed_timestamp >= $1 and processed_timestamp < $2";
        metrics.kept = count_of(&mut connection, query, dates, timezone).await?;
        Ok(metrics)
    }

    /// Deletes the payment transactions of `dates` that the warehouse holds, as [`Self::expire_orders`] does orders, and
    /// their superseded states. One whose order is still here stays with it, so orders expire first.
    ///
    /// # Errors
    ///
    /// As [`Self::expire_orders`].
    pub async fn expire_transactions(
        &self,
        dates: RangeInclusive<PartitionDate>,
        timezone: BusinessTimezone,
        held: &[RecordBatch],
    ) -> Result<ExpireMetrics, OdsError> {
        let mut connection = self.pool().acquire().await?;
        let mut rows = 0;
        hold(&mut connection, Table::Transaction, held, |_| {
            rows += 1;
            Some(rows)
        })
        .await?;
        let mut metrics = ExpireMetrics::default();
        for first in (0..rows).step_by(BATCH_ROWS as usize) {
            let mut txn = begin_deleting(&mut connection).await?;
            // One statement locks a row, looks at its newest content and deletes it.
            let expired = sqlx::query(include_str!("../queries/transaction/expire.sql"))
                .bind(first)
                .bind(first + BATCH_ROWS)
                .execute(&mut *txn)
                .await?;
            sqlx::query(include_str!("../queries/superseded_transaction/expire.sql"))
                .bind(first)
                .bind(first + BATCH_ROWS)
                .bind(timezone.name())
                .execute(&mut *txn)
                .await?;
            txn.commit().await?;
            metrics.transactions += expired.rows_affected();
        }
        release(&mut connection, &[Table::Transaction]).await?;
        let query = include_str!("../queries/transaction/count_unheld.sql");
        metrics.kept = count_of(&mut connection, query, dates, timezone).await?;
        Ok(metrics)
    }
}

/// The orders that are looked at together, given how many lines each has: after which ordinal they begin, and with which
/// they end.
fn batches(line_counts: &[u64]) -> Vec<Range<i64>> {
    let mut batches = Vec::new();
    let (mut batch, mut lines) = (0..0, 0);
    for count in line_counts {
        let is_full = batch.end - batch.start == BATCH_ROWS || lines + count > BATCH_LINES;
        if is_full && !batch.is_empty() {
            batches.push(batch.clone());
            (batch, lines) = (batch.end..batch.end, 0);
        }
        batch.end += 1;
        lines += count;
    }
    batches.extend(Some(batch).filter(|batch| !batch.is_empty()));
    batches
}

async fn expire_some_orders(
    connection: &mut PgConnection,
    batch: Range<i64>,
) -> Result<ExpireMetrics, sqlx::Error> {
    let mut txn = begin_deleting(connection).await?;
    // A load must not find an order that is gone when it commits its lines.
    serialize_loads(&mut txn).await?;
    sqlx::raw_sql(include_str!("../queries/orders/lock_writers_out.sql")).execute(&mut *txn).await?;
    let (orders, order_lines): (i64, i64) = sqlx::query_as(include_str!("../queries/orders/expire.sql"))
        .bind(batch.start)
        .bind(batch.end)
        .fetch_one(&mut *txn)
        .await?;
    txn.commit().await?;
    Ok(ExpireMetrics {
        orders: orders.unsigned_abs(),
        order_lines: order_lines.unsigned_abs(),
        ..ExpireMetrics::default()
    })
}

/// Begins a transaction that only deletes. Its end does not wait for the disk: should PostgreSQL crash right after it, the
/// rows are back, and the next expiry deletes them.
async fn begin_deleting(
    connection: &mut PgConnection,
) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, sqlx::Error> {
    let mut txn = connection.begin().await?;
    sqlx::query(DELETING).execute(&mut *txn).await?;
    Ok(txn)
}

/// Whether another's transaction was in the way: a lock that it keeps, or a deadlock with it.
fn is_in_use(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("55P03" | "40P01"))
}

/// Brings what the warehouse holds of a table into this session, with the ordinals by which it is looked for.
async fn hold(
    connection: &mut PgConnection,
    table: Table,
    batches: &[RecordBatch],
    number: impl FnMut(HeldRow<'_>) -> Option<i64>,
) -> Result<(), OdsError> {
    release(connection, &[table]).await?;
    let create = match table {
        Table::Orders => include_str!("../queries/orders/create_held.sql"),
        Table::OrderLines => include_str!("../queries/order_lines/create_held.sql"),
        _ => include_str!("../queries/transaction/create_held.sql"),
    };
    sqlx::query(create).execute(&mut *connection).await?;
    let held = held_of(table);
    copy_batches(connection, &held, table, batches, number).await?;
    let index = AssertSqlSafe(format!("create index on {held} (ordinal)"));
    sqlx::query(index).execute(&mut *connection).await?;
    sqlx::query(AssertSqlSafe(format!("analyze {held} (ordinal, id)"))).execute(connection).await?;
    Ok(())
}

/// Also what an earlier, failed expiry may have left in this session.
async fn release(connection: &mut PgConnection, tables: &[Table]) -> Result<(), sqlx::Error> {
    for table in tables {
        let drop = format!("drop table if exists pg_temp.{}", held_of(*table));
        sqlx::query(AssertSqlSafe(drop)).execute(&mut *connection).await?;
    }
    Ok(())
}

fn held_of(table: Table) -> String {
    format!("held_{}", table.name())
}

async fn count_of(
    connection: &mut PgConnection,
    query: &'static str,
    dates: RangeInclusive<PartitionDate>,
    timezone: BusinessTimezone,
) -> Result<u64, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(query)
        .bind(start_of(*dates.start(), timezone))
        .bind(timezone.end_of(*dates.end()))
        .fetch_one(connection)
        .await?;
    Ok(count.unsigned_abs())
}

fn start_of(date: PartitionDate, timezone: BusinessTimezone) -> NaiveDateTime {
    timezone.end_of(date.minus_days(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_orders_and_lines() {
        assert!(batches(&[]).is_empty());
        assert_eq!(batches(&[0; 12_000]), [0..5_000, 5_000..10_000, 10_000..12_000]);
        assert_eq!(batches(&[10_000, 15_000, 1, 90_000, 2]), [0..2, 2..3, 3..4, 4..5]);
    }
}
