//! Lets go of what the published warehouse provably holds.

use arrow::array::RecordBatch;
use daybook_model::PartitionDate;
use daybook_ods::ExpireMetrics;
use serde_json::json;

use super::{Close, Steps};
use crate::PipelineError;

const HELD_ORDERS: &str =
    "select id, processed_timestamp, customer_id from orders where partition_date = date ";
const HELD_LINES: &str =
    "select id, quantity, variant_id, revenue, order_id from order_lines where partition_date = date ";
const HELD_TRANSACTIONS: &str =
    "select id, order_id, status, created_at from \"transaction\" where partition_date = date ";

impl Close<'_> {
    /// Deletes whole business days past the retention from the ODS, row by row only what is held as it is there.
    pub(super) async fn expire(&self, steps: &mut Steps<'_>) -> Result<(), PipelineError> {
        let timezone = self.settings.timezone;
        let today = timezone.date_of(self.ods.clock().now());
        let before = today.minus_days(self.settings.retention_days);
        let started = steps.begin();
        let mut expired = ExpireMetrics::default();
        for date in self.ods.dates_to_expire(before, timezone).await? {
            let held_orders = self.held(HELD_ORDERS, date).await?;
            let held_lines = self.held(HELD_LINES, date).await?;
            expired += self.ods.expire_orders(date, timezone, &held_orders, &held_lines).await?;
            let held = self.held(HELD_TRANSACTIONS, date).await?;
            expired += self.ods.expire_transactions(date, timezone, &held).await?;
        }
        let metrics = json!({
            "orders": expired.orders,
            "order_lines": expired.order_lines,
            "transactions": expired.transactions,
            "kept": expired.kept,
        });
        steps.end("expire", started, metrics).await
    }

    async fn held(&self, query: &str, date: PartitionDate) -> Result<Vec<RecordBatch>, PipelineError> {
        // a date prints as YYYY-MM-DD, so it needs no escaping
        Ok(self.warehouse.query(&format!("{query}'{date}'")).await?.collect().await?)
    }
}
