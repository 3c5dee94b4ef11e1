//! Writes a model's rows as the files of a Delta table, without yet making them part of it.

use arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::physical_plan::SendableRecordBatchStream;
use daybook_model::{ColumnSpec, DataType, Model, PARTITION_COLUMN};
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::Add;
use deltalake::logstore::ObjectStoreRef;
use deltalake::operations::write::configs::WriterStatsConfig;
use deltalake::{DeltaResult, DeltaTable, DeltaTableError};
use futures::StreamExt;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{BloomFilterPosition, EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::schema::{arrow_schema, partition_columns};

/// Large enough for fast scans, small enough to skip by statistics and Bloom filters, and for a day to be shared by
/// processors.
pub(super) const ROWS_PER_GROUP: usize = 32 * 1024;
/// Whoever looks up a value decompresses a page of each column that he asks for.
const ROWS_PER_PAGE: usize = 2 * 1024;
const BYTES_PER_FILE: Option<std::num::NonZeroU64> = std::num::NonZeroU64::new(256 * 1024 * 1024);

const BLOOM_FILTER_FALSE_POSITIVES: f64 = 0.01;

/// Files that lie in a table's folder and are no part of it yet.
#[derive(Default)]
pub(super) struct Written {
    pub(super) files: Vec<Add>,
    pub(super) rows: u64,
    /// Rows that were left out because they have no date to lie under.
    pub(super) undated: u64,
}

/// What it takes to write files of one table.
#[derive(Clone)]
pub(super) struct FileWriter {
    store: ObjectStoreRef,
    config: WriterConfig,
    is_partitioned: bool,
}

impl FileWriter {
    pub(super) fn of(model: &Model, table: &DeltaTable) -> DeltaResult<Self> {
        let statistics = WriterStatsConfig::from_config(table.snapshot()?.snapshot().table_configuration());
        let config = WriterConfig::new(
            arrow_schema(model),
            partition_columns(model),
            Some(properties(model)),
            BYTES_PER_FILE,
            None,
            statistics.num_indexed_cols,
            statistics.stats_columns,
        );
        Ok(Self { store: table.object_store(), config, is_partitioned: model.is_partitioned() })
    }

    /// Writes rows that come in the order in which they shall lie in the files, those of a partitioned table by date
    /// first.
    pub(super) async fn write(&self, rows: SendableRecordBatchStream) -> DeltaResult<Written> {
        if self.is_partitioned { self.write_by_date(rows).await } else { self.write_whole(rows).await }
    }

    async fn write_whole(&self, mut rows: SendableRecordBatchStream) -> DeltaResult<Written> {
        let mut writer = DeltaWriter::new(self.store.clone(), self.config.clone());
        let mut count = 0;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            count += batch.num_rows() as u64;
            writer.write(&batch).await?;
        }
        Ok(Written { files: writer.close().await?, rows: count, undated: 0 })
    }

    /// Each file is of one date, and one date's files are open at a time.
    async fn write_by_date(&self, mut rows: SendableRecordBatchStream) -> DeltaResult<Written> {
        let mut written = Written::default();
        let mut open: Option<(ArrayRef, DeltaWriter)> = None;
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            for part in by_date(&batch)? {
                let date = partition_column(&part)?.slice(0, 1);
                if date.is_null(0) {
                    written.undated += part.num_rows() as u64;
                    continue;
                }
                written.rows += part.num_rows() as u64;
                if open.as_ref().is_none_or(|(current, _)| current.as_ref() != date.as_ref()) {
                    if let Some((_, finished)) = open.take() {
                        written.files.extend(finished.close().await?);
                    }
                    open = Some((date, DeltaWriter::new(self.store.clone(), self.config.clone())));
                }
                if let Some((_, writer)) = open.as_mut() {
                    writer.write(&part).await?;
                }
            }
        }
        if let Some((_, finished)) = open.take() {
            written.files.extend(finished.close().await?);
        }
        Ok(written)
    }
}

/// Few columns have dictionaries: to read a single value, one has to be read as a whole. Columns that are looked up get Bloom
/// filters, which tell of most row groups that they do not hold the value; each shrinks to the size it needs.
fn properties(model: &Model) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_row_count_limit(ROWS_PER_PAGE)
        // those of a file are read at once
        .set_bloom_filter_position(BloomFilterPosition::End)
        .set_dictionary_enabled(false);
    for column in model.columns.iter().filter(|column| repeats(model, column)) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(column.name.as_str()), true);
    }
    // the bounds of some rows leave out what is not a number, which an engine finds greater than all that is
    for column in model.columns.iter().filter(|column| column.data_type == DataType::Double) {
        let column = ColumnPath::from(column.name.as_str());
        properties = properties.set_column_statistics_enabled(column, EnabledStatistics::None);
    }
    for column in &model.lookups {
        let column = ColumnPath::from(column.as_str());
        properties = properties
            .set_column_bloom_filter_enabled(column.clone(), true)
            .set_column_bloom_filter_max_ndv(column.clone(), ROWS_PER_GROUP as u64)
            .set_column_bloom_filter_fpp(column, BLOOM_FILTER_FALSE_POSITIVES);
    }
    properties.build()
}

/// Whether a column's values are many times the same, and lie scattered: of keys a dictionary would be work for nothing, and
/// numbers, or texts that come sorted, zstd compresses sooner.
fn repeats(model: &Model, column: &ColumnSpec) -> bool {
    let is_key = model.key == [column.name.as_str()];
    let is_sorted = model.sort.first() == Some(&column.name);
    column.data_type == DataType::String && !is_key && !is_sorted && !model.lookups.contains(&column.name)
}

/// Slices of a batch, each of one date.
fn by_date(batch: &RecordBatch) -> DeltaResult<Vec<RecordBatch>> {
    let ranges = arrow::compute::partition(&[partition_column(batch)?.clone()])?.ranges();
    Ok(ranges.into_iter().map(|range| batch.slice(range.start, range.len())).collect())
}

fn partition_column(batch: &RecordBatch) -> DeltaResult<&ArrayRef> {
    batch
        .column_by_name(PARTITION_COLUMN)
        .ok_or_else(|| DeltaTableError::generic("rows without partition_date"))
}
