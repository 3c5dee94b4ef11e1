//! Lets go of what the published warehouse provably holds.

use arrow::array::RecordBatch;
use daybook_model::PartitionDate;
use daybook_ods::ExpireMetrics;
use serde_json::json;

use super::Close;
use super::steps::Steps;
use crate::PipelineError;

const HELD_ORDERS: &str = "select id, processed_timestamp, customer_id from orders";
const HELD_LINES: &str = "select id, quantity, variant_id, revenue, order_id from order_lines";
const HELD_TRANSACTIONS: &str = "select id, order_id, status, created_at from \"transaction\"";

/// What is held of this many dates is looked at together: few questions, and bounded memory.
const DATES_AT_A_TIME: usize = 31;

impl Close<'_> {
    /// Deletes whole business days past the retention from the ODS, row by row only what is held as it is there.
    pub(super) async fn expire(
        &self,
        last_closed: Option<PartitionDate>,
        steps: &mut dyn Steps,
    ) -> Result<(), PipelineError> {
        let started = steps.begin();
        let mut expired = ExpireMetrics::default();
        for dates in self.dates_past_retention(last_closed).await?.chunks(DATES_AT_A_TIME) {
            expired += self.expire_dates(dates).await?;
        }
        let metrics = json!({
            "orders": expired.orders,
            "order_lines": expired.order_lines,
            "transactions": expired.transactions,
            "kept": expired.kept,
        });
        steps.end("expire", started, metrics).await
    }

    async fn dates_past_retention(
        &self,
        last_closed: Option<PartitionDate>,
    ) -> Result<Vec<PartitionDate>, PipelineError> {
        // what is not closed is not held, so there is no need to look at it
        let Some(last_closed) = last_closed else { return Ok(Vec::new()) };
        let timezone = self.settings.timezone;
        let today = timezone.date_of(self.ods.clock().now());
        let before = today.minus_days(self.settings.retention_days).min(last_closed.next());
        Ok(self.ods.dates_to_expire(before, timezone).await?)
    }

    async fn expire_dates(&self, dates: &[PartitionDate]) -> Result<ExpireMetrics, PipelineError> {
        let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
            return Ok(ExpireMetrics::default());
        };
        let timezone = self.settings.timezone;
        let orders = self.held(HELD_ORDERS, dates).await?;
        let lines = self.held(HELD_LINES, dates).await?;
        let transactions = self.held(HELD_TRANSACTIONS, dates).await?;
        let expired = self.ods.expire_orders(*first..=*last, timezone, &orders, &lines).await?;
        Ok(expired + self.ods.expire_transactions(*first..=*last, timezone, &transactions).await?)
    }

    async fn held(&self, query: &str, dates: &[PartitionDate]) -> Result<Vec<RecordBatch>, PipelineError> {
        // dates print as YYYY-MM-DD, so they need no escaping
        let dates = dates.iter().map(|date| format!("date '{date}'")).collect::<Vec<_>>().join(", ");
        Ok(self
            .warehouse
            .query(&format!("{query} where partition_date in ({dates})"), &[])
            .await?
            .collect()
            .await?)
    }
}
