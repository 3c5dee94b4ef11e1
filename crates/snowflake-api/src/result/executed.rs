//! The API's answers about statements that have ended.

use serde::Deserialize;

/// A row: every cell is a text, whatever its column's type.
pub(super) type Row = Vec<Option<String>>;

/// The documentation's `ResultSet`, with the rows of the first partition.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Executed {
    pub(super) statement_handle: String,
    statement_handles: Option<Vec<String>>,
    pub(super) code: Option<String>,
    #[serde(rename = "resultSetMetaData")]
    pub(super) meta_data: Option<MetaData>,
    pub(super) data: Option<Vec<Row>>,
}

impl Executed {
    /// The ids of a script's statements.
    pub(crate) fn into_statement_handles(self) -> Vec<String> {
        self.statement_handles.unwrap_or_default()
    }
}

/// The answer to a question for any but the first partition.
#[derive(Debug, Deserialize)]
pub(super) struct Partition {
    pub(super) data: Vec<Row>,
}

/// What a result looks like.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MetaData {
    pub(super) num_rows: u64,
    pub(super) row_type: Vec<RowType>,
    pub(super) partition_info: Option<Vec<PartitionInfo>>,
}

/// How many rows a partition has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PartitionInfo {
    pub(super) row_count: u64,
}

/// A column's name and type.
#[derive(Debug, Deserialize)]
pub(super) struct RowType {
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) precision: Option<u8>,
    pub(super) scale: Option<i8>,
}
