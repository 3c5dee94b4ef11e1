//! What is in the operational store, for people.

use chrono::{NaiveDate, NaiveDateTime};
use daybook_model::contract::Table;
use daybook_model::{BusinessTimezone, PartitionDate};
use sqlx::{AssertSqlSafe, FromRow};

use crate::{Ods, OdsError};

/// What the operational store holds, and what waits in it.
#[derive(Clone, Debug)]
pub struct OdsStatus {
    /// The ledger's sums.
    pub loads: LoadCounts,
    /// Batches that were refused whole and not mended yet.
    pub refused: Vec<RefusedBatch>,
    /// Half pairs that wait for their other half.
    pub waiting: Vec<WaitingBatch>,
    /// Rejected rows, by table and reason.
    pub rejected: Vec<RejectedCount>,
    /// Rows that wait for their parent, by table.
    pub parked: Vec<ParkedCount>,
    /// How many rows each table of the contract has now.
    pub rows: Vec<(Table, u64)>,
}

/// The ledger's sums.
#[derive(Clone, Copy, Debug, FromRow)]
pub struct LoadCounts {
    /// Batches and event files that were loaded.
    pub loaded: i64,
    /// Those of them that no publish has taken into the warehouse yet.
    pub unpublished: i64,
    /// When the last load ended.
    pub last_loaded_at: Option<NaiveDateTime>,
}

/// A batch that was refused.
#[derive(Clone, Debug, FromRow)]
pub struct RefusedBatch {
    /// Where it lies.
    pub uri: String,
    /// What is wrong with it.
    pub message: String,
    /// When it was tried last.
    pub finished_at: NaiveDateTime,
}

/// Half a pair.
#[derive(Clone, Debug, FromRow)]
pub struct WaitingBatch {
    /// Where it lies.
    pub uri: String,
    /// The file that has yet to come.
    pub missing: String,
    /// When the half was first seen.
    pub since: NaiveDateTime,
}

/// Rejected rows of one kind.
#[derive(Clone, Debug, FromRow)]
pub struct RejectedCount {
    /// The table that they were for.
    pub table_name: String,
    /// The reason's code.
    pub reason: String,
    /// How many.
    pub rows: i64,
}

/// Rows of one table that wait for their parent.
#[derive(Clone, Debug, FromRow)]
pub struct ParkedCount {
    /// The table that they are for: `order_lines` wait for orders, `variant`s for products.
    pub table_name: String,
    /// How many.
    pub rows: i64,
}

/// What is cheap to count, for a scrape every few seconds.
#[derive(Clone, Debug)]
pub struct OdsGauges {
    /// Batches and event files in the ledger, by state.
    pub loads: Vec<(String, i64)>,
    /// Rejected rows that were not replayed.
    pub rejected_rows: i64,
    /// Rows that wait for their parent.
    pub parked_rows: i64,
}

impl Ods {
    /// Counts what a partial index or a small table tells.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails, or [`OdsError::NotMigrated`].
    pub async fn gauges(&self) -> Result<OdsGauges, OdsError> {
        let pool = self.pool();
        let loads =
            sqlx::query_as("select state, count(*) from daybook.load group by state").fetch_all(pool).await?;
        let (rejected_rows, parked_rows) = sqlx::query_as(
            "select (select count(*) from daybook.rejected_row where replayed_in is null), \
             (select count(*) from daybook.parked_row where healed_at is null)",
        )
        .fetch_one(pool)
        .await?;
        Ok(OdsGauges { loads, rejected_rows, parked_rows })
    }

    /// Counts what is stored and what waits. Exact, hence a scan of the contract's tables, which retention keeps
    /// small.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails, or [`OdsError::NotMigrated`].
    pub async fn status(&self) -> Result<OdsStatus, OdsError> {
        let pool = self.pool();
        let loads = sqlx::query_as(include_str!("../queries/load/status.sql")).fetch_one(pool).await?;
        let refused = sqlx::query_as(
            "select uri, message, finished_at from daybook.load where state = 'refused' order by uri",
        )
        .fetch_all(pool)
        .await?;
        let waiting = sqlx::query_as(
            "select uri, message as missing, started_at as since from daybook.load where state = 'waiting' order by uri",
        )
        .fetch_all(pool)
        .await?;
        let rejected =
            sqlx::query_as(include_str!("../queries/rejected_row/count.sql")).fetch_all(pool).await?;
        let parked = sqlx::query_as(include_str!("../queries/parked_row/count.sql")).fetch_all(pool).await?;
        let mut rows = Vec::with_capacity(Table::ALL.len());
        for table in Table::ALL {
            let query = AssertSqlSafe(format!("select count(*) from ods.{}", table.name()));
            let count: i64 = sqlx::query_scalar(query).fetch_one(pool).await?;
            rows.push((table, count.unsigned_abs()));
        }
        Ok(OdsStatus { loads, refused, waiting, rejected, parked, rows })
    }

    /// The earliest business date that has orders; none while there are no orders.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails, or [`OdsError::NotMigrated`].
    pub async fn earliest_date(&self, timezone: BusinessTimezone) -> Result<Option<PartitionDate>, OdsError> {
        let date: Option<NaiveDate> =
            sqlx::query_scalar("select daybook.business_date(min(processed_timestamp), $1) from ods.orders")
                .bind(timezone.name())
                .fetch_one(self.pool())
                .await?;
        Ok(date.map(PartitionDate::new))
    }
}
