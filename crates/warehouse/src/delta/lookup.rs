//! Which files may hold a value that is looked up, as their Bloom filters tell.
//!
//! The engine asks these as well, but only once it has set up all that reading a file takes, and of few files at a time. A
//! value that occurs anywhere in a history is in few of its files.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileMetrics;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::parquet::{
    BloomFilterStatistics, ParquetAccessPlan, RowGroupAccessPlanFilter,
};
use datafusion::execution::cache::cache_manager::FileMetadataCache;
use datafusion::physical_expr::utils::Guarantee;
use datafusion::physical_optimizer::pruning::PruningPredicate;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::ObjectStore;
use parquet::arrow::ArrowSchemaConverter;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::{ColumnChunkMetaData, PageIndexPolicy, ParquetMetaData};
use parquet::schema::types::SchemaDescriptor;

use super::files::FOOTER_BYTES;

/// Enough to wait for an object store only a few times; of each, a footer and a filter are held.
const FILES_AT_A_TIME: usize = 32;

/// Where files are read, and where their footers are remembered.
pub(super) struct FileSource {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) footers: Arc<FileMetadataCache>,
}

/// A question for rows of which some columns are among given values.
pub(super) struct Lookup {
    predicate: Arc<PruningPredicate>,
    /// Those of the columns that have Bloom filters.
    columns: Vec<String>,
    /// The columns as files have them.
    schema: SchemaRef,
    parquet_schema: SchemaDescriptor,
    source: FileSource,
}

impl Lookup {
    /// None unless `predicate`, which is of columns in files, wants one that has Bloom filters, of `lookups`, to be among
    /// given values.
    pub(super) fn of(
        predicate: Arc<PruningPredicate>,
        lookups: &[String],
        schema: SchemaRef,
        source: FileSource,
    ) -> Result<Option<Self>> {
        let wanted = predicate.literal_guarantees().iter();
        let wanted = wanted.filter(|wanted| wanted.guarantee == Guarantee::In);
        let columns: Vec<String> =
            wanted.map(|wanted| wanted.column.name.clone()).filter(|name| lookups.contains(name)).collect();
        if columns.is_empty() {
            return Ok(None);
        }
        let parquet_schema = ArrowSchemaConverter::new().convert(&schema)?;
        Ok(Some(Self { predicate, columns, schema, parquet_schema, source }))
    }

    /// Those of `files` that may hold such rows, each with which of its row groups may.
    pub(super) async fn files(self, files: Vec<PartitionedFile>) -> Result<Vec<PartitionedFile>> {
        let lookup = Arc::new(self);
        let asked = files.into_iter().map(|file| {
            let lookup = Arc::clone(&lookup);
            SpawnedTask::spawn(async move { lookup.file(file).await })
        });
        let answers = stream::iter(asked)
            .buffered(FILES_AT_A_TIME)
            .map(|answer| answer.map_err(|error| DataFusionError::External(Box::new(error)))?);
        answers.try_filter_map(async |file| Ok(file)).try_collect().await
    }

    async fn file(&self, mut file: PartitionedFile) -> Result<Option<PartitionedFile>> {
        let footer = self.footer(&file).await?;
        if !self.has_all_columns(&footer) {
            return Ok(Some(file));
        }
        let mut access = ParquetAccessPlan::new_none(footer.num_row_groups());
        let row_groups = self.within_bounds(&file, &footer);
        let filters = self.filters(&file, &footer, &row_groups).await?;
        for (number, filters) in row_groups.into_iter().zip(filters) {
            if self.predicate.prune(&filters)? != [false] {
                access.scan(number);
            }
        }
        if access.row_group_indexes().is_empty() {
            return Ok(None);
        }
        // spares the engine to work that out again
        file.arrow_schema = Some(Arc::clone(&self.schema));
        Ok(Some(file.with_extension(access)))
    }

    /// What an index of pages would add is left to the engine, for the files that it reads.
    async fn footer(&self, file: &PartitionedFile) -> Result<Arc<ParquetMetaData>> {
        DFParquetMetadata::new(&self.source.store, &file.object_meta)
            .with_file_metadata_cache(Some(Arc::clone(&self.source.footers)))
            .with_metadata_size_hint(Some(FOOTER_BYTES))
            .with_page_index_policy(Some(PageIndexPolicy::Skip))
            .fetch_metadata()
            .await
    }

    /// Whether the file has the table's columns of today: Bloom filters tell nothing of values in another type.
    fn has_all_columns(&self, footer: &ParquetMetaData) -> bool {
        let held = footer.file_metadata().schema_descr().root_schema();
        held.get_fields() == self.parquet_schema.root_schema().get_fields()
    }

    /// The row groups that may hold such rows by the least and greatest values of their columns.
    fn within_bounds(&self, file: &PartitionedFile, footer: &ParquetMetaData) -> Vec<usize> {
        let unseen = ExecutionPlanMetricsSet::new();
        let mut row_groups =
            RowGroupAccessPlanFilter::new(ParquetAccessPlan::new_all(footer.num_row_groups()));
        row_groups.prune_by_statistics(
            &self.schema,
            &self.parquet_schema,
            footer.row_groups(),
            &self.predicate,
            &ParquetFileMetrics::new(0, file.object_meta.location.as_ref(), &unseen),
        );
        row_groups.row_group_indexes().collect()
    }

    /// The filters of each of `row_groups`, all read at once.
    async fn filters(
        &self,
        file: &PartitionedFile,
        footer: &ParquetMetaData,
        row_groups: &[usize],
    ) -> Result<Vec<BloomFilterStatistics>> {
        let mut held = Vec::new();
        for (position, number) in row_groups.iter().enumerate() {
            for name in &self.columns {
                let chunk = footer.row_group(*number).column(self.schema.index_of(name)?);
                held.extend(filter_range(chunk).map(|range| (position, name, chunk, range)));
            }
        }
        let ranges: Vec<_> = held.iter().map(|(.., range)| range.clone()).collect();
        let read = self.source.store.get_ranges(&file.object_meta.location, &ranges).await?;
        let mut filters: Vec<_> = row_groups.iter().map(|_| BloomFilterStatistics::new()).collect();
        for ((position, name, chunk, _), bytes) in held.into_iter().zip(read) {
            // a file that has no sound filter may hold anything
            let Ok(filter) = Sbbf::from_bytes(&bytes) else { continue };
            let column = chunk.column_descr();
            filters[position].insert(name.clone(), filter, column.physical_type(), column.type_length());
        }
        Ok(filters)
    }
}

/// Where the chunk's Bloom filter lies, if it has one and says so.
fn filter_range(chunk: &ColumnChunkMetaData) -> Option<Range<u64>> {
    let start = u64::try_from(chunk.bloom_filter_offset()?).ok()?;
    let length = u64::try_from(chunk.bloom_filter_length()?).ok()?;
    Some(start..start + length)
}
