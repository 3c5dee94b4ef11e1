//! What a run has cost, by Snowflake's query history.

use std::collections::BTreeMap;

use daybook_snowflake_api::statements::literal;

use super::SnowflakeWarehouse;
use super::answer::texts;
use crate::{Cost, WarehouseError};

/// The most statements that the history gives.
const STATEMENTS: u32 = 10_000;

impl SnowflakeWarehouse {
    /// The statements of the run, by the step that their marks name. The parent of a request of several statements is left
    /// out, for its time is theirs.
    pub(super) async fn costs_of(&self, run_id: i64) -> Result<BTreeMap<String, Cost>, WarehouseError> {
        let mark = format!("{} ", self.mark(&run_id.to_string()));
        let sql = format!(
            "select substr(query_tag, {}) as step, sum(execution_time) as milliseconds, sum(bytes_scanned) as bytes \
             from table({}.information_schema.query_history_by_user(result_limit => {STATEMENTS})) \
             where startswith(query_tag, {}) and query_type <> 'MULTI_STATEMENT' group by 1",
            mark.len() + 1,
            self.names.database,
            literal(&mark)
        );
        let rows = texts(self.session("costs", None).ask("costs", &sql, &[]).await?).await?;
        let cost = |row: Vec<String>| {
            let [step, milliseconds, bytes] = <[String; 3]>::try_from(row).ok()?;
            let seconds = milliseconds.parse::<f64>().ok()? / 1000.0;
            Some((step, Cost { seconds, bytes_scanned: bytes.parse::<f64>().ok()? as u64 }))
        };
        Ok(rows.into_iter().filter_map(cost).collect())
    }
}
