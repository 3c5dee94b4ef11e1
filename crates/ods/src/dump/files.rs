//! A table's Parquet files: a new one begins where the last has grown large enough.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use daybook_model::manifest::DumpFile;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::AsyncArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use super::table::{DumpTable, DumpType};

const ROW_GROUP_ROWS: usize = 128 * 1024;
const FILE_BYTES: usize = 128 * 1024 * 1024;
/// What is held of a file before it is sent; also the size of the parts in which an object store gets a larger one.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// How many parts of a file may be on their way at a time.
const PARTS_IN_FLIGHT: usize = 2;

/// Where a table's files go; everybody who writes the table shares the numbers of its files.
pub(crate) struct TableTarget {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) directory: Path,
    pub(crate) next_number: AtomicUsize,
}

/// Writes rows of one table.
pub(crate) struct DumpFiles {
    target: Arc<TableTarget>,
    table: &'static DumpTable,
    open: Option<OpenFile>,
    written: Vec<DumpFile>,
}

struct OpenFile {
    path: Path,
    writer: AsyncArrowWriter<BufWriter>,
    rows: u64,
}

impl DumpFiles {
    pub(crate) fn new(target: Arc<TableTarget>, table: &'static DumpTable) -> Self {
        Self { target, table, open: None, written: Vec::new() }
    }

    pub(crate) async fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let mut file = match self.open.take() {
            Some(file) => file,
            None => self.begin_file()?,
        };
        file.writer.write(batch).await?;
        file.rows += batch.num_rows() as u64;
        let bytes = file.writer.bytes_written() + file.writer.in_progress_size();
        if bytes < FILE_BYTES {
            self.open = Some(file);
        } else {
            self.end_file(file).await?;
        }
        Ok(())
    }

    /// Completes the last file and returns all of them; without rows there are none.
    pub(crate) async fn finish(mut self) -> Result<Vec<DumpFile>, ParquetError> {
        if let Some(file) = self.open.take() {
            self.end_file(file).await?;
        }
        Ok(self.written)
    }

    /// A file that only tells the columns.
    pub(crate) async fn finish_empty(mut self) -> Result<Vec<DumpFile>, ParquetError> {
        self.open = Some(self.begin_file()?);
        self.finish().await
    }

    fn begin_file(&self) -> Result<OpenFile, ParquetError> {
        let number = self.target.next_number.fetch_add(1, Ordering::Relaxed);
        let path = self.target.directory.clone().join(format!("part-{number:05}.parquet"));
        let object = BufWriter::with_capacity(Arc::clone(&self.target.store), path.clone(), PART_BYTES)
            .with_max_concurrency(PARTS_IN_FLIGHT);
        let writer = AsyncArrowWriter::try_new(object, self.table.schema(), Some(properties(self.table)?))?;
        Ok(OpenFile { path, writer, rows: 0 })
    }

    async fn end_file(&mut self, file: OpenFile) -> Result<(), ParquetError> {
        file.writer.close().await?;
        let object = self
            .target
            .store
            .head(&file.path)
            .await
            .map_err(|error| ParquetError::External(Box::new(error)))?;
        self.written.push(DumpFile { path: file.path.to_string(), rows: file.rows, bytes: object.size });
        Ok(())
    }
}

/// A dictionary of ids would be as long as the column, and one of numbers takes longer than to compress them. Readers
/// skip row groups by date and by nothing else.
fn properties(table: &DumpTable) -> Result<WriterProperties, ParquetError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_dictionary_enabled(false)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::None);
    for (name, dump_type) in table.columns {
        let column = ColumnPath::from(*name);
        if *dump_type == DumpType::Text {
            properties = properties.set_column_dictionary_enabled(column, true);
        } else if *dump_type == DumpType::Date {
            properties = properties.set_column_statistics_enabled(column, EnabledStatistics::Chunk);
        }
    }
    Ok(properties.build())
}
