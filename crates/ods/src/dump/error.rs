//! Why a table cannot be dumped.

use arrow::error::ArrowError;
use parquet::errors::ParquetError;
use tokio::task::JoinError;

use super::order_dates::TooManyOrders;
use crate::OdsError;
use crate::copy::DecodeError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum DumpError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    #[error("column {name}: {source}")]
    Column { name: &'static str, source: ArrowError },
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    #[error(transparent)]
    TooManyOrders(#[from] TooManyOrders),
    #[error("it holds a date beyond the calendar")]
    Calendar,
    #[error("a reader stopped: {0}")]
    Stopped(#[from] JoinError),
}

impl DumpError {
    /// The same, said of a table.
    pub(crate) fn of(self, table: &'static str) -> OdsError {
        OdsError::Dump { table: table.into(), reason: self.to_string() }
    }
}
