//! The daily close: from the operational data store to published books.
//!
//! [`Close`] runs the steps of one close under the run lock and records them; [`runs`] holds that record. [`Assembly`]
//! is the part of it that PostgreSQL has no part in.

mod close;
mod error;
pub mod runs;

pub use close::{
    Assembly, Close, ClosePeriod, ClosePlan, CloseReport, CloseSettings, CloseState, DatePlan, Measures,
    PlannedRows, ReconciledDate, Reconciliation, StepReport, TablePlan, TestFailure, test_published,
};
pub use error::PipelineError;
pub use runs::migrate;
