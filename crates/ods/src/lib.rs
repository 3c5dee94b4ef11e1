//! The operational data store: the source contract's five tables in PostgreSQL, and Daybook's books beside them.
//!
//! [`Ods`] loads batches and events, heals what waited for its parent, dumps one consistent snapshot as Parquet, and
//! expires what the warehouse provably holds. Times are UTC; business dates are dates in the business time zone.

mod copy;
mod database;
mod dump;
mod error;
mod expire;
#[cfg(fuzzing)]
pub mod fuzzing;
mod load;
mod payments;
mod rejects;
mod statement;
mod status;

pub use database::Ods;
pub use error::OdsError;
pub use expire::ExpireMetrics;
pub use load::{
    FileReport, HealMetrics, LoadEvent, LoadOptions, LoadOutcome, LoadReport, LoadRoute, Settled,
};
pub use payments::{
    PaymentEvent, PaymentGroup, PaymentOptions, PaymentOutcome, PaymentQueue, PaymentReject, SubmitError,
};
pub use rejects::{ExportedFile, RejectFilter, RejectedRow};
pub use status::{LoadCounts, OdsStatus, ParkedCount, RefusedBatch, RejectedCount, WaitingBatch};
