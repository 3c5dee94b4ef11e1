//! What readers may see: one document that pins every table, replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use daybook_model::PartitionDate;
use serde::{Deserialize, Serialize};

/// The content hash of each business date of each dumped table.
pub type SourceHashes = BTreeMap<String, BTreeMap<PartitionDate, String>>;

/// A published state of the whole warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Counts publications from 1.
    pub number: u64,
    /// The version of each table that belongs to it.
    pub tables: BTreeMap<String, u64>,
    /// What the run that published says of it.
    #[serde(flatten)]
    pub draft: PublicationDraft,
}

impl Publication {
    /// The state before anything was published: every table empty.
    pub(crate) fn empty() -> Self {
        Self { number: 0, tables: BTreeMap::new(), draft: PublicationDraft::default() }
    }
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
    /// What was last dumped of each date, to tell what changed since.
    pub source_hashes: SourceHashes,
    /// The loads whose rows are in this state and were not in the one before.
    pub loads: Vec<i64>,
}
