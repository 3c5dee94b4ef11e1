//! What a query read, by Snowflake's statistics of its operators.

use std::collections::BTreeMap;

use daybook_snowflake_api::SnowflakeError;
use daybook_snowflake_api::statements::literal;
use serde::Deserialize;

use super::SnowflakeWarehouse;
use super::answer::texts;
use super::session::Session;
use crate::{Explanation, TableScan, WarehouseError};

/// An answer that Snowflake remembers reads nothing.
const ANEW: &str = "alter session set use_cached_result = false";

#[derive(Deserialize)]
struct Attributes {
    table_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Statistics {
    io: Io,
    pruning: Pruning,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Io {
    bytes_scanned: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pruning {
    partitions_scanned: u64,
    partitions_total: u64,
}

impl SnowflakeWarehouse {
    /// Runs a query, and tells the micro-partitions that it read. Each counts as a file of one row group.
    pub(super) async fn explain_in(
        &self,
        session: &Session,
        sql: &str,
    ) -> Result<Explanation, WarehouseError> {
        let results = session.execute("explain", vec![ANEW.to_owned(), sql.to_owned()]).await?;
        let result =
            results.into_iter().nth(1).ok_or_else(|| SnowflakeError::Unexpected("no result".to_owned()))?;
        let (query_id, rows) = (result.query_id().to_owned(), result.num_rows());
        let sql = format!(
            "select operator_attributes, operator_statistics from table(get_query_operator_stats({})) \
             where operator_type = 'TableScan'",
            literal(&query_id)
        );
        let mut scans: BTreeMap<String, TableScan> = BTreeMap::new();
        for row in texts(session.ask("explain", &sql, &[]).await?).await? {
            let [attributes, statistics] = row.as_slice() else { continue };
            let Attributes { table_name } = parsed(attributes)?;
            let Statistics { io, pruning } = parsed(statistics)?;
            let table = table_name.rsplit('.').next().unwrap_or_default().trim_matches('"');
            let table = table.to_ascii_lowercase();
            let scan = scans.entry(table.clone()).or_insert_with(|| TableScan::of(table, 0, 0));
            scan.files = scan.files.max(pruning.partitions_total);
            scan.row_groups = scan.files;
            scan.files_read += pruning.partitions_scanned;
            scan.row_groups_read = scan.files_read;
            scan.bytes_read += io.bytes_scanned;
        }
        Ok(Explanation { rows, tables: scans.into_values().collect() })
    }
}

fn parsed<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, WarehouseError> {
    serde_json::from_str(json)
        .map_err(|error| SnowflakeError::Unexpected(format!("statistics of a query: {error}")).into())
}
