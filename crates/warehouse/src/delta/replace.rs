//! Replaces whole partitions of a Delta table in one commit.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::SendableRecordBatchStream;
use daybook_model::PartitionDate;
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Remove};
use deltalake::operations::write::configs::WriterStatsConfig;
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaResult, DeltaTable};
use futures::StreamExt;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::schema::PARTITION_COLUMN;
use crate::MaterializeMetrics;

/// Large enough for fast scans, small enough to skip by statistics.
const ROWS_PER_GROUP: usize = 128 * 1024;
const BYTES_PER_FILE: Option<NonZeroU64> = NonZeroU64::new(256 * 1024 * 1024);

/// What replaces partitions of a table.
pub(super) struct Replacement {
    /// The state that stays outside the replaced partitions.
    pub(super) base: DeltaTable,
    /// The table as last committed, which differs from the base where an earlier run never published.
    pub(super) latest: DeltaTable,
    /// The partitions to replace.
    pub(super) dates: BTreeSet<PartitionDate>,
    /// The rows' columns.
    pub(super) schema: SchemaRef,
    /// The rows, sorted by partition date, then as they shall lie in the files.
    pub(super) rows: SendableRecordBatchStream,
}

impl Replacement {
    /// Writes the files and commits; gives the table in its new state.
    pub(super) async fn execute(self) -> DeltaResult<(DeltaTable, MaterializeMetrics)> {
        let Self { base, latest, dates, schema, rows } = self;
        let (added, row_count) = write_files(&base, schema, rows).await?;
        let mut target = files(&base)?;
        target.retain(|_, add| !is_within(add, &dates));
        target.extend(added.into_iter().map(|add| (add.path.clone(), add)));

        let present = files(&latest)?;
        let removed = removals(&latest, |path| !target.contains_key(path))?;
        let new = target.into_iter().filter(|(path, _)| !present.contains_key(path));
        let mut actions: Vec<Action> = removed.into_iter().map(Action::Remove).collect();
        actions.extend(new.map(|(_, add)| Action::Add(add)));

        let metrics = MaterializeMetrics { rows: row_count, dates: dates.len() as u64 };
        if actions.is_empty() && base.version() == latest.version() {
            return Ok((base, metrics));
        }
        Ok((commit(&latest, actions).await?, metrics))
    }
}

async fn commit(latest: &DeltaTable, actions: Vec<Action>) -> DeltaResult<DeltaTable> {
    let operation = DeltaOperation::Write {
        mode: SaveMode::Overwrite,
        partition_by: Some(vec![PARTITION_COLUMN.to_owned()]),
        predicate: None,
    };
    let commit = CommitBuilder::from(CommitProperties::default())
        .with_actions(actions)
        .build(Some(latest.snapshot()?.snapshot()), latest.log_store(), operation)
        .await?;
    let mut table = latest.clone();
    table.load_version(commit.version()).await?;
    Ok(table)
}

/// Writes rows into files of one date each; as they come sorted by date, one date's files are open at a time.
async fn write_files(
    table: &DeltaTable,
    schema: SchemaRef,
    mut rows: SendableRecordBatchStream,
) -> DeltaResult<(Vec<Add>, u64)> {
    let mut added = Vec::new();
    let mut row_count = 0;
    let mut open: Option<(arrow::array::ArrayRef, DeltaWriter)> = None;
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        row_count += batch.num_rows() as u64;
        for part in by_date(&batch)? {
            let date = part.column_by_name(PARTITION_COLUMN).map(|column| column.slice(0, 1));
            let date =
                date.ok_or_else(|| deltalake::DeltaTableError::generic("rows without partition_date"))?;
            if open.as_ref().is_none_or(|(current, _)| current.as_ref() != date.as_ref()) {
                if let Some((_, finished)) = open.take() {
                    added.extend(finished.close().await?);
                }
                open = Some((date, writer(table, schema.clone())?));
            }
            if let Some((_, writer)) = open.as_mut() {
                writer.write(&part).await?;
            }
        }
    }
    if let Some((_, finished)) = open.take() {
        added.extend(finished.close().await?);
    }
    Ok((added, row_count))
}

/// Slices of a batch, each of one date.
fn by_date(batch: &RecordBatch) -> DeltaResult<Vec<RecordBatch>> {
    let column = batch.column_by_name(PARTITION_COLUMN).cloned();
    let column = column.ok_or_else(|| deltalake::DeltaTableError::generic("rows without partition_date"))?;
    let ranges = arrow::compute::partition(&[column])?.ranges();
    Ok(ranges.into_iter().map(|range| batch.slice(range.start, range.len())).collect())
}

fn writer(table: &DeltaTable, schema: SchemaRef) -> DeltaResult<DeltaWriter> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .build();
    let statistics = WriterStatsConfig::from_config(table.snapshot()?.snapshot().table_configuration());
    let config = WriterConfig::new(
        schema,
        vec![PARTITION_COLUMN.to_owned()],
        Some(properties),
        BYTES_PER_FILE,
        None,
        statistics.num_indexed_cols,
        statistics.stats_columns,
    );
    Ok(DeltaWriter::new(table.object_store(), config))
}

fn files(table: &DeltaTable) -> DeltaResult<BTreeMap<String, Add>> {
    let views = table.snapshot()?.snapshot().log_data();
    // there is no other way to commit a file again that a later, unpublished version had removed
    #[expect(deprecated)]
    Ok(views.iter().map(|view| view.add_action()).map(|add| (add.path.clone(), add)).collect())
}

fn removals(table: &DeltaTable, is_obsolete: impl Fn(&str) -> bool) -> DeltaResult<Vec<Remove>> {
    let views = table.snapshot()?.snapshot().log_data();
    let obsolete = views.iter().filter(|view| is_obsolete(&view.path()));
    Ok(obsolete.map(|view| view.remove_action(true)).collect())
}

fn is_within(add: &Add, dates: &BTreeSet<PartitionDate>) -> bool {
    let value = add.partition_values.get(PARTITION_COLUMN).and_then(Option::as_deref);
    value.and_then(|text| text.parse().ok()).is_some_and(|date| dates.contains(&date))
}
