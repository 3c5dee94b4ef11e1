//! The manifest of a dump: what was read from the ODS in one consistent snapshot, and where it lies.
//!
//! A dump's Parquet files hold tables, each with a `partition_date` column, their rows in no particular order.
//! The ODS writes them, a warehouse reads them, and this is all that the two know of each other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::PartitionDate;

const STAGING: &str = "_staging";

/// What the relation is called that shows a dumped table while a close merges it into the replica.
pub fn staged(table: &str) -> String {
    format!("{table}{STAGING}")
}

/// The dumped table that `relation` shows, if it is such a relation.
pub fn table_staged_as(relation: &str) -> Option<&str> {
    relation.strip_suffix(STAGING)
}

/// What one dump holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The run that wrote the dump.
    pub run_id: i64,
    /// The operational data store that was read; the ids of loads and parked rows are its own.
    #[serde(default)]
    pub source: Option<String>,
    /// The last business date that was read; rows of later dates wait for their day.
    pub cutoff: Option<PartitionDate>,
    /// Each table's files and dates, by the table's name.
    pub tables: BTreeMap<String, TableDump>,
    /// The ids of the loads whose rows the snapshot could see.
    pub loads: Vec<i64>,
}

/// One table of a dump.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDump {
    /// The Parquet files, at least one, which tells the columns of an empty table. What else may lie beside them is no
    /// part of the dump.
    pub files: Vec<DumpFile>,
    /// What each business date holds.
    pub dates: BTreeMap<PartitionDate, DateContent>,
}

/// One Parquet file of a dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DumpFile {
    /// The object's path, from the object store's root.
    pub path: String,
    /// How many rows it holds.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// What a table holds of one business date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateContent {
    /// How many rows.
    pub rows: u64,
    /// A hash of the rows' content that does not depend on their order, in hexadecimal.
    pub content_hash: String,
}
