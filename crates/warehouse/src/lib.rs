//! Where closed books live: the [`Warehouse`] trait, its back ends, and what they publish.
//!
//! A run reads the published state, builds the next one beside it ([`Build`]) and publishes all tables at once.
//! Until then, readers see nothing of it; a run that fails leaves nothing that anybody could mistake for books.

mod check;
pub mod delta;
mod error;
mod publication;
mod row_difference;
pub mod snowflake;
mod storage;
mod warehouse;

pub use check::Check;
pub use error::WarehouseError;
pub use publication::{Publication, PublicationDraft, SourceHashes};
pub use row_difference::RowDifference;
pub use storage::Storage;
pub use warehouse::{
    Build, Cost, DUMPS, Explanation, LOOK, MaterializeMetrics, QueryResult, TableScan, VacuumMetrics,
    Warehouse,
};
