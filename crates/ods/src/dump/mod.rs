//! The dump: one consistent snapshot of the operational data store, as Parquet with a manifest.
//!
//! Some workers, each with a connection, share the snapshot and take pieces of tables until there are none left. A
//! large table's pieces are ranges of its blocks, which are read in the order in which they lie. Lines have the dates
//! of their orders, so orders are read first; their dates are held meanwhile, of a bounded number at a time. What
//! else is held is bounded by worker: some batches of rows, and a row group of a file.

mod content;
mod dating;
mod error;
mod files;
mod order_dates;
mod plan;
mod publish;
mod rows;
mod run;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;
mod worker;

use std::sync::Arc;

use daybook_model::manifest::Manifest;
use daybook_model::{BusinessTimezone, PartitionDate};
use object_store::ObjectStore;
use object_store::path::Path;

use crate::{Ods, OdsError};
use plan::Limits;
use run::DumpRun;
use snapshot::Snapshot;

/// Few connections, so that the database has time for others; 160 MiB of dates at most.
const LIMITS: Limits = Limits { workers: 4, piece_blocks: 2048, orders_held: 8 << 20 };

impl Ods {
    /// Writes all rows up to and including the business date `cutoff` below `prefix`/`run_id`, with `manifest.json`
    /// last.
    ///
    /// All tables, and the list of loads, show the database at one and the same moment. Besides the contract's facts
    /// the dump holds the versions of products and variants, what payments were at the end of earlier dates, and the
    /// lines that wait for their order, these whatever their date. Rows come in no particular order. Writing again
    /// replaces what an earlier attempt of the same run left; nothing else changes, in the store or in the database.
    ///
    /// # Errors
    ///
    /// When PostgreSQL or the store fails; there is no manifest then.
    pub async fn dump(
        &self,
        store: Arc<dyn ObjectStore>,
        prefix: &Path,
        run_id: i64,
        cutoff: PartitionDate,
        timezone: BusinessTimezone,
    ) -> Result<Manifest, OdsError> {
        let directory = prefix.clone().join(run_id.to_string());
        self.dump_within(LIMITS, store, directory, run_id, cutoff, timezone).await
    }

    async fn dump_within(
        &self,
        limits: Limits,
        store: Arc<dyn ObjectStore>,
        directory: Path,
        run_id: i64,
        cutoff: PartitionDate,
        timezone: BusinessTimezone,
    ) -> Result<Manifest, OdsError> {
        let mut snapshot = Snapshot::take(self, cutoff, timezone).await?;
        let loads = snapshot.unpublished_loads().await?;
        let run = DumpRun::begin(limits, store, directory).await?;
        let tables = run.read_tables(&mut snapshot).await?;
        snapshot.release().await?;
        let source = Some(self.identity().await?);
        let manifest = Manifest { run_id, source, cutoff: Some(cutoff), tables, loads };
        run.write_manifest(&manifest).await?;
        Ok(manifest)
    }
}
