//! A table's Parquet files: a new one begins where the last has grown large enough.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use daybook_model::manifest::DumpFile;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::AsyncArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

const ROW_GROUP_ROWS: usize = 128 * 1024;
const FILE_BYTES: usize = 128 * 1024 * 1024;

/// Writes one table below a directory of an object store.
pub(crate) struct DumpFiles {
    store: Arc<dyn ObjectStore>,
    directory: Path,
    schema: SchemaRef,
    open: Option<OpenFile>,
    written: Vec<DumpFile>,
}

struct OpenFile {
    path: Path,
    writer: AsyncArrowWriter<BufWriter>,
    rows: u64,
}

impl DumpFiles {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, directory: Path, schema: SchemaRef) -> Self {
        Self { store, directory, schema, open: None, written: Vec::new() }
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

    /// Completes the last file and returns all of them, in the order of their rows; of an empty table there is one
    /// file too, which tells its columns.
    pub(crate) async fn finish(mut self) -> Result<Vec<DumpFile>, ParquetError> {
        match self.open.take() {
            Some(file) => self.end_file(file).await?,
            None if self.written.is_empty() => {
                let empty = self.begin_file()?;
                self.end_file(empty).await?;
            }
            None => {}
        }
        Ok(self.written)
    }

    fn begin_file(&self) -> Result<OpenFile, ParquetError> {
        let path = self.directory.clone().join(format!("part-{:05}.parquet", self.written.len()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let object = BufWriter::new(Arc::clone(&self.store), path.clone());
        let writer = AsyncArrowWriter::try_new(object, Arc::clone(&self.schema), Some(properties))?;
        Ok(OpenFile { path, writer, rows: 0 })
    }

    async fn end_file(&mut self, file: OpenFile) -> Result<(), ParquetError> {
        file.writer.close().await?;
        let object =
            self.store.head(&file.path).await.map_err(|error| ParquetError::External(Box::new(error)))?;
        self.written.push(DumpFile { path: file.path.to_string(), rows: file.rows, bytes: object.size });
        Ok(())
    }
}
