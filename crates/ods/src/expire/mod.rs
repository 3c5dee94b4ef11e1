//! Retention: the operational store lets go of what the published warehouse provably holds.

mod batches;

use std::ops::{Add, AddAssign, RangeInclusive};

use arrow::array::RecordBatch;
use chrono::{NaiveDate, NaiveDateTime};
use daybook_model::contract::Table;
use daybook_model::{BusinessTimezone, PartitionDate};
use futures::{StreamExt, TryStreamExt, stream};
use sqlx::PgConnection;

use self::batches::{BATCH_ROWS, OrderBatch, order_batches};
use crate::copy::{Held, HeldRow, copy_held};
use crate::load::{prefer_indexes, serialize_loads};
use crate::{Ods, OdsError};

/// How many batches are under way: while one is deleted, the next is brought in.
const BATCHES_AT_A_TIME: usize = 2;

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
        let dates: Vec<NaiveDate> = sqlx::query_scalar(include_str!("../../queries/orders/select_dates.sql"))
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
        let (held_orders, held_lines) =
            (Held::of(Table::Orders, held_orders)?, Held::of(Table::OrderLines, held_lines)?);
        let batches = order_batches(&held_orders, &held_lines);
        let mut deleting = stream::iter(&batches)
            .map(|batch| self.expire_some_orders(batch))
            .buffer_unordered(BATCHES_AT_A_TIME);
        let mut metrics = ExpireMetrics::default();
        while let Some(expired) = deleting.try_next().await? {
            metrics += expired;
            if metrics.interrupted {
                break;
            }
        }
        let query =
            "select count(*) from ods.orders where processed_timestamp >= $1 and processed_timestamp < $2";
        metrics.kept = self.count_of(query, dates, timezone).await?;
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
        let held = Held::of(Table::Transaction, held)?;
        let rows: Vec<HeldRow<'_>> = held.rows().collect();
        let mut deleting = stream::iter(rows.chunks(BATCH_ROWS))
            .map(|batch| self.expire_some_transactions(batch, timezone))
            .buffer_unordered(BATCHES_AT_A_TIME);
        let mut metrics = ExpireMetrics::default();
        while let Some(expired) = deleting.try_next().await? {
            metrics += expired;
        }
        let query = include_str!("../../queries/transaction/count_unheld.sql");
        metrics.kept = self.count_of(query, dates, timezone).await?;
        Ok(metrics)
    }

    async fn expire_some_orders(&self, batch: &OrderBatch<'_>) -> Result<ExpireMetrics, OdsError> {
        match self.try_expire_orders(batch).await {
            Err(error) if is_in_use(&error) => {
                Ok(ExpireMetrics { interrupted: true, ..ExpireMetrics::default() })
            }
            expired => Ok(expired?),
        }
    }

    async fn try_expire_orders(&self, batch: &OrderBatch<'_>) -> Result<ExpireMetrics, sqlx::Error> {
        let mut txn = self.begin_deleting().await?;
        hold(&mut txn, Table::Orders, &batch.orders).await?;
        hold(&mut txn, Table::OrderLines, &batch.lines).await?;
        // A load must not find an order that is gone when it commits its lines.
        serialize_loads(&mut txn).await?;
        sqlx::raw_sql(include_str!("../../queries/orders/lock_writers_out.sql")).execute(&mut *txn).await?;
        let (orders, order_lines): (i64, i64) =
            sqlx::query_as(include_str!("../../queries/orders/expire.sql")).fetch_one(&mut *txn).await?;
        txn.commit().await?;
        Ok(ExpireMetrics {
            orders: orders.unsigned_abs(),
            order_lines: order_lines.unsigned_abs(),
            ..ExpireMetrics::default()
        })
    }

    async fn expire_some_transactions(
        &self,
        batch: &[HeldRow<'_>],
        timezone: BusinessTimezone,
    ) -> Result<ExpireMetrics, sqlx::Error> {
        let mut txn = self.begin_deleting().await?;
        hold(&mut txn, Table::Transaction, batch).await?;
        prefer_indexes(&mut txn).await?;
        // One statement locks a row, looks at its newest content and deletes it.
        let expired =
            sqlx::query(include_str!("../../queries/transaction/expire.sql")).execute(&mut *txn).await?;
        sqlx::query(include_str!("../../queries/superseded_transaction/expire.sql"))
            .bind(timezone.name())
            .execute(&mut *txn)
            .await?;
        txn.commit().await?;
        Ok(ExpireMetrics { transactions: expired.rows_affected(), ..ExpireMetrics::default() })
    }

    /// Begins a transaction that only deletes. Its end does not wait for the disk: should PostgreSQL crash right after
    /// it, the rows are back, and the next expiry deletes them.
    async fn begin_deleting(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, sqlx::Error> {
        let mut txn = self.pool().begin().await?;
        sqlx::query(DELETING).execute(&mut *txn).await?;
        Ok(txn)
    }

    async fn count_of(
        &self,
        query: &'static str,
        dates: RangeInclusive<PartitionDate>,
        timezone: BusinessTimezone,
    ) -> Result<u64, sqlx::Error> {
        let count: i64 = sqlx::query_scalar(query)
            .bind(start_of(*dates.start(), timezone))
            .bind(timezone.end_of(*dates.end()))
            .fetch_one(self.pool())
            .await?;
        Ok(count.unsigned_abs())
    }
}

/// Whether another's transaction was in the way: a lock that it keeps, or a deadlock with it.
fn is_in_use(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("55P03" | "40P01"))
}

/// Brings what the warehouse holds of a table into this transaction.
async fn hold(connection: &mut PgConnection, table: Table, rows: &[HeldRow<'_>]) -> Result<(), sqlx::Error> {
    let (held, create) = match table {
        Table::Orders => ("held_orders", include_str!("../../queries/orders/create_held.sql")),
        Table::OrderLines => ("held_order_lines", include_str!("../../queries/order_lines/create_held.sql")),
        _ => ("held_transaction", include_str!("../../queries/transaction/create_held.sql")),
    };
    sqlx::query(create).execute(&mut *connection).await?;
    copy_held(connection, held, table, rows).await
}

fn start_of(date: PartitionDate, timezone: BusinessTimezone) -> NaiveDateTime {
    timezone.end_of(date.minus_days(1))
}
