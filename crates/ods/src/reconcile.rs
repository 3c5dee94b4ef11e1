//! What the ODS and its ledger say of business dates.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use daybook_model::{BusinessTimezone, PartitionDate};
use serde::Serialize;
use sqlx::FromRow;

use crate::{Ods, OdsError};

/// What the files of one table brought that came with a business date: every row that was read is loaded, unchanged,
/// rejected or parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, FromRow)]
pub struct FeedFiles {
    /// The business date.
    #[serde(skip)]
    #[sqlx(rename = "partition_date")]
    date: NaiveDate,
    /// The table.
    pub table_name: String,
    /// How many files.
    pub files: i64,
    /// The rows in them.
    pub rows_read: i64,
    /// Rows that were stored.
    pub loaded: i64,
    /// Rows that were there already.
    pub unchanged: i64,
    /// Rows that break the contract.
    pub rejected: i64,
    /// Rows that wait, or waited, for their parent.
    pub parked: i64,
}

impl Ods {
    /// The `orders`, `lines`, `revenue` (minor units) and `transactions` of each date that the ODS holds some of.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn measure(
        &self,
        dates: RangeInclusive<PartitionDate>,
        timezone: BusinessTimezone,
    ) -> Result<Vec<(PartitionDate, String, i64)>, OdsError> {
        let rows: Vec<(NaiveDate, String, i64)> =
            sqlx::query_as(include_str!("../queries/reconcile/measures.sql"))
                .bind(timezone.end_of(dates.start().minus_days(1)))
                .bind(timezone.end_of(*dates.end()))
                .bind(timezone.name())
                .fetch_all(self.pool())
                .await?;
        Ok(rows
            .into_iter()
            .map(|(date, measure, amount)| (PartitionDate::new(date), measure, amount))
            .collect())
    }

    /// What the files of loads that touched any of `dates` brought, by date and table. A load that touched several dates
    /// counts for each of them.
    ///
    /// # Errors
    /// When PostgreSQL fails.
    pub async fn feed_files(
        &self,
        dates: RangeInclusive<PartitionDate>,
    ) -> Result<BTreeMap<PartitionDate, Vec<FeedFiles>>, OdsError> {
        let feeds: Vec<FeedFiles> = sqlx::query_as(include_str!("../queries/reconcile/files.sql"))
            .bind(dates.start().date())
            .bind(dates.end().date())
            .fetch_all(self.pool())
            .await?;
        let mut dates: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for feed in feeds {
            dates.entry(PartitionDate::new(feed.date)).or_default().push(feed);
        }
        Ok(dates)
    }
}
