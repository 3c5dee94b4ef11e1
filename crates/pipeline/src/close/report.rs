//! What a close tells of itself.

use std::collections::{BTreeMap, BTreeSet};

use daybook_model::PartitionDate;
use serde::Serialize;

/// How a close ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseState {
    /// A new state is published.
    Published,
    /// Nothing had changed; the published state stands.
    Unchanged,
    /// No day was ever closed and none is due.
    NothingToClose,
}

/// Why each date was built.
pub type DatePlan = BTreeMap<PartitionDate, BTreeSet<&'static str>>;

/// What a close did.
#[derive(Clone, Debug, Serialize)]
pub struct CloseReport {
    /// How it ended.
    pub state: CloseState,
    /// The run's id in `daybook.run`.
    pub run_id: Option<i64>,
    /// The publication that it made.
    pub publication: Option<u64>,
    /// The dates that were built, and why.
    pub dates: DatePlan,
    /// How long it took. Steps take more together, since models are built side by side.
    pub seconds: f64,
    /// The steps, in the order in which they ended.
    pub steps: Vec<StepReport>,
}

/// What one step did.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// The step's name.
    pub name: String,
    /// How long it took.
    pub seconds: f64,
    /// What it counted.
    pub metrics: serde_json::Value,
}

impl CloseReport {
    fn new(state: CloseState, run_id: Option<i64>) -> Self {
        Self { state, run_id, publication: None, dates: DatePlan::new(), seconds: 0.0, steps: Vec::new() }
    }

    pub(super) fn nothing_to_close() -> Self {
        Self::new(CloseState::NothingToClose, None)
    }

    pub(super) fn unchanged(run_id: i64) -> Self {
        Self::new(CloseState::Unchanged, Some(run_id))
    }

    pub(super) fn published(run_id: i64, publication: u64, dates: DatePlan) -> Self {
        Self { publication: Some(publication), dates, ..Self::new(CloseState::Published, Some(run_id)) }
    }
}
