//! The daily close: from the operational data store to published books.
//!
//! [`Close`] runs the steps of one close under the run lock and records them; [`runs`] holds that record.

mod close;
mod error;
pub mod runs;

pub use close::{Close, ClosePeriod, CloseReport, CloseSettings, CloseState, DatePlan, StepReport};
pub use error::PipelineError;
pub use runs::migrate;
