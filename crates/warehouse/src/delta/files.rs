//! The files of one version of a Delta table, as queries scan them.
//!
//! Each file of a partitioned table holds one date. What the Delta log says of a file (its date, its rows, the least and greatest value of
//! its columns) prunes it before it is opened, also by what a join learns while the query runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{
    Column, ColumnStatistics, Result, ScalarValue, Statistics, ToDFSchema, project_schema,
};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder, PruningStatistics};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use daybook_model::{Model, PARTITION_COLUMN, PartitionDate};
use deltalake::{DeltaResult, DeltaTable, DeltaTableError};
use object_store::ObjectMeta;

use super::lookup::{FileSource, Lookup};
use super::schema::arrow_schema;
use super::small_files::SmallFiles;
use super::write::ROWS_PER_GROUP;
use crate::Storage;

/// What is read of a file's end at once, which holds its footer and indexes; then they are remembered.
pub(super) const FOOTER_BYTES: usize = 64 * 1024;

/// One version of a table.
#[derive(Debug)]
pub(super) struct TableFiles {
    /// The columns in the model's order.
    schema: SchemaRef,
    /// The columns as they lie in files, and after them the partition column, if there is one.
    file_schema: TableSchema,
    store: ObjectStoreUrl,
    files: Vec<PartitionedFile>,
    /// The columns that have Bloom filters.
    lookups: Vec<String>,
    /// The columns that hold about as many values as there are rows.
    distinct: Vec<String>,
}

impl TableFiles {
    /// The files of `table`, which holds the rows of `model`, below `storage`.
    pub(super) fn of(model: &Model, table: &DeltaTable, storage: &Storage) -> DeltaResult<Self> {
        let schema = arrow_schema(model);
        let is_partition = |field: &Field| model.is_partitioned() && field.name() == PARTITION_COLUMN;
        let (partition, stored): (Vec<_>, Vec<_>) =
            schema.fields().iter().cloned().partition(|field| is_partition(field));
        let stored = Arc::new(Schema::new(stored));
        let files = table_files(model, table, storage, &stored)?;
        let file_schema = TableSchema::builder(stored).with_table_partition_cols(partition).build();
        let store = ObjectStoreUrl::parse(&storage.url[..url::Position::BeforePath])?;
        let key = Some(&model.key).filter(|key| key.len() == 1);
        let distinct = key.into_iter().flatten().chain(&model.lookups).cloned().collect();
        Ok(Self { schema, file_schema, store, files, lookups: model.lookups.clone(), distinct })
    }

    /// How many rows each partition holds.
    pub(super) fn rows_by_date(&self) -> BTreeMap<PartitionDate, u64> {
        let mut rows = BTreeMap::new();
        for file in &self.files {
            let [ScalarValue::Date32(Some(days))] = file.partition_values.as_slice() else { continue };
            let Some(date) = NaiveDate::from_epoch_days(*days) else { continue };
            *rows.entry(PartitionDate::new(date)).or_default() += row_count(file);
        }
        rows
    }

    /// How many files there are, and how many row groups in them.
    pub(super) fn size(&self) -> (u64, u64) {
        let row_groups = self.files.iter().map(|file| row_count(file).div_ceil(ROWS_PER_GROUP as u64)).sum();
        (self.files.len() as u64, row_groups)
    }

    /// The lookup that `filters` are, if they are one, by those of them that say nothing of the date, which files don't hold.
    fn lookup(&self, state: &dyn Session, filters: &[Expr], source: FileSource) -> Result<Option<Lookup>> {
        if self.lookups.is_empty() {
            return Ok(None);
        }
        let schema = self.file_schema.file_schema();
        let is_held = |filter: &&Expr| {
            filter.column_refs().iter().all(|column| schema.column_with_name(&column.name).is_some())
        };
        match predicate(state, schema, filters.iter().filter(is_held))? {
            Some(predicate) => Lookup::of(predicate, &self.lookups, Arc::clone(schema), source),
            None => Ok(None),
        }
    }

    /// The files that may hold rows for which `predicate` is true, by what the log says of them.
    fn pruned(&self, predicate: &PruningPredicate) -> Result<Vec<PartitionedFile>> {
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        let schema = self.file_schema.table_schema();
        let statistics = self.files.iter().filter_map(|file| file.statistics.clone()).collect();
        let kept = predicate.prune(&PrunableStatistics::new(statistics, Arc::clone(schema)))?;
        Ok(self.files.iter().zip(kept).filter(|(_, kept)| *kept).map(|(file, _)| file.clone()).collect())
    }

    /// Of so many rows, by which joins are planned: without knowing which columns tell rows apart, a few rows joined with a
    /// table would be taken for as many as the table has.
    fn statistics(&self, rows: usize, bytes: usize) -> Result<Statistics> {
        let schema = self.file_schema.table_schema();
        let mut statistics = Statistics::new_unknown(schema);
        statistics.num_rows = Precision::Exact(rows);
        statistics.total_byte_size = Precision::Inexact(bytes);
        for name in &self.distinct {
            statistics.column_statistics[schema.index_of(name)?].distinct_count = Precision::Inexact(rows);
        }
        Ok(statistics)
    }

    /// All rows of `files`, if `state` holds those of small files and these are. Not of tables that are looked up: joins tell
    /// at run time which of their files to read.
    async fn held(
        &self,
        state: &dyn Session,
        files: &[PartitionedFile],
        options: &TableParquetOptions,
        reader: &Arc<CachedParquetFileReaderFactory>,
    ) -> Result<Option<Vec<RecordBatch>>> {
        let Some(small) = state.config().get_extension::<SmallFiles>() else { return Ok(None) };
        if !self.lookups.is_empty() || !SmallFiles::are_worth_holding(files) {
            return Ok(None);
        }
        let whole = |file| {
            let all = (0..self.schema.fields().len()).collect();
            self.scan_files(vec![FileGroup::new(vec![file])], all, options, Arc::clone(reader), None)
        };
        small.rows(files, &state.task_ctx(), whole).await
    }

    /// Reads `groups` of files side by side.
    fn scan_files(
        &self,
        groups: Vec<FileGroup>,
        projection: Vec<usize>,
        options: &TableParquetOptions,
        reader: Arc<CachedParquetFileReaderFactory>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = groups.iter().map(|group| row_total(group.files())).sum();
        let bytes = groups.iter().flat_map(FileGroup::iter).map(|file| file.object_meta.size as usize).sum();
        let statistics = self.statistics(rows, bytes)?;
        let source = ParquetSource::new(self.file_schema.clone())
            .with_table_parquet_options(options.clone())
            .with_parquet_file_reader_factory(reader)
            .with_metadata_size_hint(FOOTER_BYTES);
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(Some(projection))?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }

    /// Gives `rows` that are held, in at most so many partitions.
    fn scan_held(
        &self,
        rows: &[RecordBatch],
        projection: &[usize],
        partitions: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(self.file_schema.table_schema().project(projection)?);
        let share = rows.len().div_ceil(partitions).max(1);
        let projected = |rows: &[RecordBatch]| {
            let rows = rows.iter().map(|batch| Ok(batch.project(projection)?));
            rows.collect::<Result<Vec<_>>>()
        };
        let partitions = rows.chunks(share).map(projected).collect::<Result<Vec<_>>>()?;
        Ok(MemorySourceConfig::try_new_exec(&partitions, schema, None)?)
    }

    /// The projection, counted in the model's columns, in those of the files.
    fn in_files(&self, projection: Option<&Vec<usize>>) -> Result<Vec<usize>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let names = projection.unwrap_or(&all).iter().map(|index| self.schema.field(*index).name());
        names.map(|name| Ok(self.file_schema.table_schema().index_of(name)?)).collect()
    }
}

#[async_trait]
impl TableProvider for TableFiles {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let runtime = state.runtime_env();
        let store = runtime.object_store(&self.store)?;
        let footers = runtime.cache_manager.get_file_metadata_cache();
        let mut options = TableParquetOptions {
            global: state.config_options().execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let mut files = self.files.clone();
        if let Some(predicate) = predicate(state, self.file_schema.table_schema(), filters.iter())? {
            files = self.pruned(&predicate)?;
        }
        let source = FileSource { store: Arc::clone(&store), footers: Arc::clone(&footers) };
        if let Some(lookup) = self.lookup(state, filters, source)? {
            files = lookup.files(files).await?;
            options.global.bloom_filter_on_read = false;
        }
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(&self.schema, projection)?)));
        }
        let projection = self.in_files(projection)?;
        let partitions = state.config().target_partitions();
        let reader = Arc::new(CachedParquetFileReaderFactory::new(store, footers));
        if let Some(rows) = self.held(state, &files, &options, &reader).await? {
            return self.scan_held(&rows, &projection, partitions);
        }
        let groups = FileGroup::new(files).split_files(partitions);
        self.scan_files(groups, projection, &options, reader, limit)
    }
}

/// What all `filters` together say of files or row groups with the columns of `schema`, if that can leave any out.
fn predicate<'a>(
    state: &dyn Session,
    schema: &SchemaRef,
    filters: impl Iterator<Item = &'a Expr>,
) -> Result<Option<Arc<PruningPredicate>>> {
    let Some(filter) = conjunction(filters.cloned()) else { return Ok(None) };
    let filter = state.create_physical_expr(filter, &Arc::clone(schema).to_dfschema()?)?;
    Ok(PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema)).build(filter))
}

fn row_count(file: &PartitionedFile) -> u64 {
    let statistics = file.statistics.as_ref();
    statistics.and_then(|statistics| statistics.num_rows.get_value().copied()).unwrap_or_default() as u64
}

/// How many rows `files` hold together.
pub(super) fn row_total(files: &[PartitionedFile]) -> usize {
    files.iter().map(|file| row_count(file) as usize).sum()
}

fn table_files(
    model: &Model,
    table: &DeltaTable,
    storage: &Storage,
    stored: &SchemaRef,
) -> DeltaResult<Vec<PartitionedFile>> {
    let log = table.snapshot()?.snapshot().log_data();
    let bounds: Vec<_> = stored.fields().iter().map(|field| Bounds::of(field, &log)).collect();
    let mut files = Vec::with_capacity(log.num_files());
    for (position, view) in log.iter().enumerate() {
        let path = storage.path(&format!("tables/{}/{}", model.name, view.object_store_path()));
        let rows =
            view.num_records().ok_or_else(|| DeltaTableError::generic("a file without a row count"))?;
        let statistics = Statistics {
            num_rows: Precision::Exact(rows),
            total_byte_size: Precision::Absent,
            column_statistics: bounds.iter().map(|bounds| bounds.at(position)).collect(),
        };
        let size = view.size().unsigned_abs();
        // the version's files never change, so they need no time or tag to be told apart in caches
        let object = ObjectMeta {
            location: path,
            size,
            last_modified: DateTime::UNIX_EPOCH,
            e_tag: None,
            version: None,
        };
        let mut file = PartitionedFile::from(object);
        if model.is_partitioned() {
            let values = view.partition_values_map();
            let date = values.get(PARTITION_COLUMN).and_then(Option::as_deref);
            let date: Option<PartitionDate> = date.and_then(|date| date.parse().ok());
            let date = date.ok_or_else(|| DeltaTableError::generic("a file without partition_date"))?;
            file.partition_values = vec![ScalarValue::Date32(Some(date.date().to_epoch_days()))];
        }
        files.push(file.with_statistics(Arc::new(statistics)));
    }
    Ok(files)
}

/// The least and greatest value of a column in each file, where the log tells them exactly enough to prune by.
struct Bounds(Option<(ArrayRef, ArrayRef)>);

impl Bounds {
    fn of(field: &Field, log: &impl PruningStatistics) -> Self {
        // the log cuts timestamps to milliseconds, so a greatest one may be too small
        if matches!(field.data_type(), DataType::Timestamp(..) | DataType::Float64) {
            return Self(None);
        }
        let column = Column::from_name(field.name());
        let typed = |values: Option<ArrayRef>| cast(&values?, field.data_type()).ok();
        Self(typed(log.min_values(&column)).zip(typed(log.max_values(&column))))
    }

    fn at(&self, position: usize) -> ColumnStatistics {
        let value = |values: &ArrayRef| match ScalarValue::try_from_array(values, position) {
            Ok(value) if !value.is_null() => Precision::Exact(value),
            _ => Precision::Absent,
        };
        let mut statistics = ColumnStatistics::new_unknown();
        if let Some((least, greatest)) = &self.0 {
            statistics.min_value = value(least);
            statistics.max_value = value(greatest);
        }
        statistics
    }
}
