//! What a back end must do.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use daybook_model::manifest::Manifest;
use daybook_model::{Dialect, Model, PartitionDate};
use futures::TryStreamExt;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::{Check, Publication, PublicationDraft, Storage, WarehouseError};

/// Where dumps lie below a warehouse's [`Storage`].
pub const DUMPS: &str = "dumps";

/// The number of a run that builds nothing, but looks what a build would do.
pub const LOOK: i64 = 0;

/// A place for closed books.
///
/// Readers always see one [`Publication`]: all tables as one run published them. One build at a time; the caller
/// holds the run lock.
#[async_trait]
pub trait Warehouse: Send + Sync {
    /// Where dumps are written, so that this warehouse can read them.
    fn storage(&self) -> &Storage;

    /// Whose SQL it is asked in.
    fn dialect(&self) -> Dialect;

    /// Creates what is missing; doing it again changes nothing.
    async fn create(&self) -> Result<(), WarehouseError>;

    /// What readers see, if anything was ever published.
    async fn published(&self) -> Result<Option<Publication>, WarehouseError>;

    /// Answers read-only SQL in its own dialect from what is published. The parameters are what stands for `$1`, `$2`, …
    /// in a [`question`](daybook_model::compile::question).
    async fn query(&self, sql: &str, parameters: &[&str]) -> Result<QueryResult, WarehouseError>;

    /// Runs read-only SQL on what is published, and tells how much of each table it had to read.
    async fn explain(&self, sql: &str) -> Result<Explanation, WarehouseError>;

    /// Gives back the room of what only publications before the last `keep` show, now or at a later call; with
    /// `leftovers`, and now, also of what builds have left that were never published. The caller holds the run lock.
    async fn vacuum(&self, keep: usize, leftovers: bool) -> Result<VacuumMetrics, WarehouseError>;

    /// Whether it answers, found out in a way that costs nothing where questions cost, for it may be asked every second.
    async fn ping(&self) -> Result<(), WarehouseError>;

    /// Looks whether all that it needs is there. Whatever it writes for that it takes away again.
    async fn diagnose(&self) -> Vec<Check>;

    /// Begins the next state as a copy of the published one, whatever earlier builds left unpublished. What is executed
    /// for it is marked with `run_id`, where there are such marks. A build of the run [`LOOK`] may go on beside one of
    /// another run.
    async fn begin(&self, run_id: i64, paid_statuses: &[String]) -> Result<Box<dyn Build>, WarehouseError>;

    /// What the run has cost so far, by what it was spent for; nothing where nobody is charged.
    async fn costs(&self, run_id: i64) -> Result<BTreeMap<String, Cost>, WarehouseError>;
}

/// The next state of a warehouse, seen by nobody until it is published; dropping it discards it.
#[async_trait]
pub trait Build: Send + Sync {
    /// Whose SQL it is asked in.
    fn dialect(&self) -> Dialect;

    /// The number of the publication that this build follows; 0 if nothing was published.
    fn follows(&self) -> u64;

    /// Makes each table of a dump readable as `<table>_staging`.
    async fn stage(&mut self, manifest: &Manifest) -> Result<(), WarehouseError>;

    /// Shows `dates` as the closed ones from now on; until then, those that were closed before.
    async fn set_closed_dates(&mut self, dates: &BTreeSet<PartitionDate>) -> Result<(), WarehouseError>;

    /// Replaces the partitions `dates` of a stored model with what its SQL gives for them, in its sort order, in
    /// one commit; of a model without partitions, all rows. The SQL sees this build's tables, the staged dump, and as `published.<table>` the state before.
    ///
    /// Models may be materialized at the same time if none reads another, directly or through views.
    async fn materialize(
        &self,
        model: &Model,
        dates: &BTreeSet<PartitionDate>,
    ) -> Result<MaterializeMetrics, WarehouseError>;

    /// Shows what [`Build::materialize`] would make, to this build's later questions only, and writes nothing.
    async fn preview(&mut self, model: &Model, dates: &BTreeSet<PartitionDate>)
    -> Result<(), WarehouseError>;

    /// How many rows a stored model holds of each date; what is only previewed does not count.
    async fn rows(&self, model: &str) -> Result<BTreeMap<PartitionDate, u64>, WarehouseError>;

    /// Answers SQL from this build, with the same names in sight as [`Build::materialize`].
    async fn query(&self, sql: &str) -> Result<QueryResult, WarehouseError>;

    /// Shows this state to readers, all tables at once; after an error, readers see the state before.
    async fn publish(self: Box<Self>, draft: PublicationDraft) -> Result<Publication, WarehouseError>;
}

/// What a query gives, as a stream of bounded batches.
pub struct QueryResult {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: BoxStream<'static, Result<RecordBatch, WarehouseError>>,
}

impl QueryResult {
    /// All batches; for results that are known to be small.
    ///
    /// # Errors
    /// What the query meets while it runs.
    pub async fn collect(self) -> Result<Vec<RecordBatch>, WarehouseError> {
        self.batches.try_collect().await
    }
}

/// What a query read to give its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The rows of the answer.
    pub rows: u64,
    /// What was read of each stored table that the query asks, also through views.
    pub tables: Vec<TableScan>,
}

/// What a query read of a table; when it asks the table twice, what is read counts twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableScan {
    /// The table's name.
    pub table: String,
    /// The table's files.
    pub files: u64,
    /// Those of them that were read.
    pub files_read: u64,
    /// The row groups in the table's files.
    pub row_groups: u64,
    /// Those of them that were read.
    pub row_groups_read: u64,
    /// The compressed bytes of rows that were read; not those of footers and Bloom filters.
    pub bytes_read: u64,
}

impl TableScan {
    /// A scan that has not read anything.
    pub(crate) fn of(table: String, files: u64, row_groups: u64) -> Self {
        Self { table, files, files_read: 0, row_groups, row_groups_read: 0, bytes_read: 0 }
    }
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VacuumMetrics {
    /// Publications that can no longer be read.
    pub publications: u64,
    /// Files of tables.
    pub files: u64,
    /// The files' size.
    pub bytes: u64,
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Cost {
    /// How long statements were executed.
    pub seconds: f64,
    /// The bytes that they read.
    pub bytes_scanned: u64,
}

/// What one materialization did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaterializeMetrics {
    /// Rows written.
    pub rows: u64,
    /// Partitions replaced.
    pub dates: u64,
}
