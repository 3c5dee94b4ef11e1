//! The rows of small files, held while a build goes on.
//!
//! Of what changes a little each day, a long history is as many small files. To open one takes longer than to read its
//! rows, and a build's models and tests read the same ones many times.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use datafusion::physical_plan::{ExecutionPlan, collect};
use futures::future::try_join_all;
use object_store::path::Path;
use tokio::sync::Mutex;

use super::files::row_total;

/// Of fewer files there is little to gain.
const FEWEST_FILES: usize = 16;
/// Files of no more rows, on average, are small.
const ROWS_PER_FILE: usize = 1024;
/// No more rows are held than this together, and no more of the memory than this part.
const MOST_ROWS: usize = 1_000_000;
const PART_OF_MEMORY: usize = 8;
/// Enough to wait for an object store only a few times.
const FILES_AT_A_TIME: usize = 64;

/// The rows that are held; their memory is reserved.
pub(super) struct SmallFiles {
    held: Mutex<Held>,
    memory: MemoryReservation,
    most_bytes: usize,
}

#[derive(Default)]
struct Held {
    /// The rows by the file in which they lie, with all columns.
    files: HashMap<Path, Vec<RecordBatch>>,
    rows: usize,
}

impl SmallFiles {
    /// No rows yet; the memory for those to come is of `pool`.
    pub(super) fn new(pool: &Arc<dyn MemoryPool>) -> Self {
        let memory = MemoryConsumer::new("rows of small files").register(pool);
        let most_bytes = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes / PART_OF_MEMORY,
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        Self { held: Mutex::default(), memory, most_bytes }
    }

    /// Whether `files` are many and small.
    pub(super) fn are_worth_holding(files: &[PartitionedFile]) -> bool {
        files.len() >= FEWEST_FILES && row_total(files) <= files.len() * ROWS_PER_FILE
    }

    /// The rows of `files`, in their order; none if they are too many to be held. What is not held yet is read by the
    /// plans that `scan` makes, one for each file: of the partitions of one plan, each may read others' files.
    pub(super) async fn rows(
        &self,
        files: &[PartitionedFile],
        context: &Arc<TaskContext>,
        scan: impl Fn(PartitionedFile) -> Result<Arc<dyn ExecutionPlan>>,
    ) -> Result<Option<Vec<RecordBatch>>> {
        // also while reading, so that nobody else reads the same files meanwhile
        let mut held = self.held.lock().await;
        let is_missing = |file: &&PartitionedFile| !held.files.contains_key(&file.object_meta.location);
        let missing: Vec<PartitionedFile> = files.iter().filter(is_missing).cloned().collect();
        if held.rows + row_total(&missing) > MOST_ROWS {
            return Ok(None);
        }
        for files in missing.chunks(FILES_AT_A_TIME) {
            let plans = files.iter().cloned().map(&scan).collect::<Result<Vec<_>>>()?;
            let reading =
                plans.into_iter().map(|plan| SpawnedTask::spawn(collect(plan, Arc::clone(context))).join());
            let read =
                try_join_all(reading).await.map_err(|error| DataFusionError::External(error.into()))?;
            let read = read.into_iter().collect::<Result<Vec<_>>>()?;
            let size: usize = read.iter().flatten().map(RecordBatch::get_array_memory_size).sum();
            if self.memory.size() + size > self.most_bytes || self.memory.try_grow(size).is_err() {
                return Ok(None);
            }
            held.rows += row_total(files);
            held.files.extend(files.iter().map(|file| file.object_meta.location.clone()).zip(read));
        }
        let rows = files.iter().filter_map(|file| held.files.get(&file.object_meta.location));
        Ok(Some(rows.flatten().cloned().collect()))
    }
}
