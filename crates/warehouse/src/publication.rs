//! What readers may see: one document that pins every table, replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use daybook_model::PartitionDate;
use serde::{Deserialize, Serialize};

/// The content hash of each business date of each dumped table.
pub type SourceHashes = BTreeMap<String, BTreeMap<PartitionDate, String>>;

/// A published state of the whole warehouse. The default is the state before anything was published: every table
/// empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Counts publications from 1.
    pub number: u64,
    /// The version of each table that belongs to it.
    pub tables: BTreeMap<String, u64>,
    /// What the run that published says of it.
    #[serde(flatten)]
    pub draft: PublicationDraft,
}

/// What a run says of the state that it publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationDraft {
    /// The run that published it.
    pub run_id: i64,
    /// When, in UTC.
    pub published_at: NaiveDateTime,
    /// The zone in which its dates begin and end.
    pub business_timezone: String,
    /// The statuses that mean paid in it.
    pub paid_statuses: Vec<String>,
    /// The dates that are closed.
    pub closed_dates: BTreeSet<PartitionDate>,
    /// What its dump held of each date, to tell what changed since.
    pub source_hashes: SourceHashes,
    /// The operational data store that it was dumped from: what `loads` and `healed_lines` are counted in.
    #[serde(default)]
    pub source: Option<String>,
    /// The loads that it took in, to be marked so in the ODS.
    pub loads: Vec<i64>,
    /// The parked lines that it put beside their order, to be marked so in the ODS.
    #[serde(default)]
    pub healed_lines: Vec<i64>,
    /// The fingerprint of each stored model by which its table was built.
    #[serde(default)]
    pub models: BTreeMap<String, String>,
}
