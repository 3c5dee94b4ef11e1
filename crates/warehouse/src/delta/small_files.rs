//! The rows of small files, held while a build goes on.
//!
//! Of what changes a little each day, a long history is as many small files. To open one takes longer than to read its
//! rows, and a build's models and tests read the same ones many times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_plan::{ExecutionPlan, collect};
use futures::future::try_join_all;
use object_store::path::Path;

/// Of fewer files there is little to gain.
const FEWEST_FILES: usize = 16;
/// Files of no more rows, on average, are small.
const ROWS_PER_FILE: usize = 1024;
/// No more rows are held of one table's version.
const MOST_ROWS: usize = 1_000_000;
/// Enough to wait for an object store only a few times.
const FILES_AT_A_TIME: usize = 64;

/// The rows that are held, by the file in which they lie, with all columns; their memory is reserved.
pub(super) struct SmallFiles {
    held: Mutex<HashMap<Path, Vec<RecordBatch>>>,
    memory: MemoryReservation,
}

impl SmallFiles {
    /// No rows yet; the memory for those to come is of `pool`.
    pub(super) fn new(pool: &Arc<dyn MemoryPool>) -> Self {
        let memory = MemoryConsumer::new("rows of small files").register(pool);
        Self { held: Mutex::default(), memory }
    }

    /// Whether so many files, with so many rows together, are worth holding.
    pub(super) fn are(files: usize, rows: usize) -> bool {
        files >= FEWEST_FILES && rows <= MOST_ROWS.min(files * ROWS_PER_FILE)
    }

    /// The rows of `files`, in their order; none if there is no memory to hold them. What is not held yet is read by the
    /// plans that `scan` makes, one for each file: of the partitions of one plan, each may read others' files.
    pub(super) async fn rows(
        &self,
        files: &[PartitionedFile],
        context: &Arc<TaskContext>,
        scan: impl Fn(PartitionedFile) -> Result<Arc<dyn ExecutionPlan>>,
    ) -> Result<Option<Vec<RecordBatch>>> {
        let missing: Vec<PartitionedFile> = {
            let held = self.all_held();
            files.iter().filter(|file| !held.contains_key(&file.object_meta.location)).cloned().collect()
        };
        for files in missing.chunks(FILES_AT_A_TIME) {
            let plans = files.iter().cloned().map(&scan).collect::<Result<Vec<_>>>()?;
            let reading =
                plans.into_iter().map(|plan| SpawnedTask::spawn(collect(plan, Arc::clone(context))).join());
            let read =
                try_join_all(reading).await.map_err(|error| DataFusionError::External(error.into()))?;
            let read = read.into_iter().collect::<Result<Vec<_>>>()?;
            let size = read.iter().flatten().map(RecordBatch::get_array_memory_size).sum();
            if self.memory.try_grow(size).is_err() {
                return Ok(None);
            }
            let places = files.iter().map(|file| file.object_meta.location.clone());
            self.all_held().extend(places.zip(read));
        }
        let held = self.all_held();
        let rows = files.iter().filter_map(|file| held.get(&file.object_meta.location));
        Ok(Some(rows.flatten().cloned().collect()))
    }

    fn all_held(&self) -> MutexGuard<'_, HashMap<Path, Vec<RecordBatch>>> {
        // nobody leaves it half-changed
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
