//! What Daybook knows without touching a database: the source contract, business dates, the manifest of a
//! dump, and the models with their compiler.
//!
//! This crate is a pure leaf: no I/O, no clock of its own, no PostgreSQL, no DataFusion.

pub mod compile;
pub mod contract;
pub mod docs;
pub mod manifest;
mod names;
pub mod openlineage;
mod registry;
pub mod step;
mod time;

pub use compile::Dialect;
pub use names::{CLOSED_DATES, PAID_STATUSES, PARTITION_COLUMN};
pub use registry::{
    Check, ColumnReference, ColumnSpec, CustomTest, DataTest, DataType, Feed, Kind, Model, ModelError,
    ModelFiles, Origin, Place, Registry, Severity, SourceTable, TestRow, Tested, UnitTest,
};
pub use time::{BusinessTimezone, Clock, PartitionDate, TimeError, portions};
