//! Lets go of what the published warehouse provably holds.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use daybook_model::{PartitionDate, compile, portions, step};
use daybook_ods::ExpireMetrics;
use futures::try_join;
use serde_json::json;

use super::steps::Steps;
use super::{Close, Dates, rows};
use crate::PipelineError;

const HELD_ORDERS: &str = "select id, processed_timestamp, customer_id from orders";
const HELD_LINES: &str = "select id, quantity, variant_id, revenue, order_id from order_lines";
const LINE_COUNTS: &str = "select partition_date, count(*) from order_lines";
const HELD_TRANSACTIONS: &str = "select id, order_id, status, created_at from \"transaction\"";

const WITHIN: &str = "partition_date in (:dates)";

/// What is held of dates with about this many lines is looked at together: few questions, and bounded memory.
const LINES_AT_A_TIME: u64 = 1_000_000;

impl Close<'_> {
    /// Deletes whole business days past the retention from the ODS, row by row only what is held as it is there.
    pub(super) async fn expire(
        &self,
        last_closed: Option<PartitionDate>,
        steps: &mut dyn Steps,
    ) -> Result<(), PipelineError> {
        let started = steps.begin();
        let mut expired = ExpireMetrics::default();
        let dates = self.dates_past_retention(last_closed).await?;
        let lines = self.line_counts(&dates).await?;
        let weight = |date| lines.get(&date).copied().unwrap_or_default();
        let portions = portions(&dates, LINES_AT_A_TIME, weight);
        for dates in &portions {
            expired += self.expire_orders(dates).await?;
            if expired.interrupted {
                tracing::warn!(
                    "somebody keeps a transaction open that writes orders: the next close expires the rest"
                );
                break;
            }
        }
        // a payment goes after its order, whichever of them is older
        for dates in &portions {
            expired += self.expire_transactions(dates).await?;
        }
        let metrics = json!({
            "orders": expired.orders,
            "order_lines": expired.order_lines,
            "transactions": expired.transactions,
            "kept": expired.kept,
        });
        steps.end(step::EXPIRE, started, metrics).await
    }

    async fn dates_past_retention(&self, last_closed: Option<PartitionDate>) -> Result<Dates, PipelineError> {
        // what is not closed is not held, so there is no need to look at it
        let Some(last_closed) = last_closed else { return Ok(Dates::new()) };
        let timezone = self.settings.timezone;
        let today = timezone.date_of(self.ods.clock().now());
        let before = today.minus_days(self.settings.retention_days).min(last_closed.next());
        Ok(self.ods.dates_to_expire(before, timezone).await?.into_iter().collect())
    }

    /// How many lines are held of each of `dates`.
    async fn line_counts(&self, dates: &Dates) -> Result<BTreeMap<PartitionDate, u64>, PipelineError> {
        if dates.is_empty() {
            return Ok(BTreeMap::new());
        }
        let sql = self.about(&format!("{LINE_COUNTS} where {WITHIN} group by partition_date"), dates)?;
        rows::counts(self.warehouse.query(&sql, &[]).await?).await
    }

    async fn expire_orders(&self, dates: &Dates) -> Result<ExpireMetrics, PipelineError> {
        let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
            return Ok(ExpireMetrics::default());
        };
        let (orders, lines) = try_join!(self.held(HELD_ORDERS, dates), self.held(HELD_LINES, dates))?;
        Ok(self.ods.expire_orders(*first..=*last, self.settings.timezone, &orders, &lines).await?)
    }

    async fn expire_transactions(&self, dates: &Dates) -> Result<ExpireMetrics, PipelineError> {
        let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
            return Ok(ExpireMetrics::default());
        };
        let held = self.held(HELD_TRANSACTIONS, dates).await?;
        Ok(self.ods.expire_transactions(*first..=*last, self.settings.timezone, &held).await?)
    }

    async fn held(&self, query: &str, dates: &Dates) -> Result<Vec<RecordBatch>, PipelineError> {
        let sql = self.about(&format!("{query} where {WITHIN}"), dates)?;
        Ok(self.warehouse.query(&sql, &[]).await?.collect().await?)
    }

    fn about(&self, sql: &str, dates: &Dates) -> Result<String, PipelineError> {
        compile::compile(sql, dates, self.warehouse.dialect())
            .map_err(|error| PipelineError::Compile(error.to_string()))
    }
}
