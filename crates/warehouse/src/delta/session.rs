//! A DataFusion session that shows one state of the warehouse.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use chrono::NaiveDate;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::memory_pool::MemoryLimit;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::{DataFrame, SessionConfig};
use datafusion::scalar::ScalarValue;
use daybook_model::{CLOSED_DATES, Model, PAID_STATUSES, PARTITION_COLUMN, PartitionDate, Registry};
use futures::{StreamExt, TryStreamExt};

use super::bounds::BoundsAcrossJoins;
use super::schema::{arrow_schema, planned};
use super::small_files::SmallFiles;
use crate::{QueryResult, WarehouseError};

const CATALOG: &str = "daybook";
const SCHEMA: &str = "public";

/// What each processor that works on a query is worth having: every sort under way sets some megabytes aside for its
/// merge, on each processor, and a question of several sorts must still fit.
const MEMORY_PER_PROCESSOR: usize = 256 * 1024 * 1024;

/// More rows at a time would spare nothing.
const MOST_ROWS_PER_PORTION: usize = 4_000_000;

/// What a row of a table is reckoned to take while a model is built from it: as a row, in a hash table, and in a sort.
const MEMORY_PER_ROW: usize = 1024;

/// One side of a join is held as one hash table, and not as one for each processor, if its files are at most this part of
/// the memory; a row takes several times the room there. Of one hash table it is known which values it spans, and what
/// lies beyond them is not read of the other side; of several it is not.
const MEMORY_PER_HASHED_BYTE: usize = 32;

pub(super) struct Session {
    context: SessionContext,
    registry: Arc<Registry>,
    /// Models of kind `table` that no publication holds yet.
    unpublished: BTreeSet<String>,
}

/// As many processors as there are, and as the memory of `runtime` suffices for; one at least.
fn processors(runtime: &RuntimeEnv) -> usize {
    let processors = SessionConfig::new().target_partitions();
    memory(runtime).map_or(processors, |bytes| (bytes / MEMORY_PER_PROCESSOR).clamp(1, processors))
}

fn memory(runtime: &RuntimeEnv) -> Option<usize> {
    match runtime.memory_pool.memory_limit() {
        MemoryLimit::Finite(bytes) => Some(bytes),
        MemoryLimit::Infinite | MemoryLimit::Unknown => None,
    }
}

fn config(runtime: &RuntimeEnv) -> SessionConfig {
    SessionConfig::new()
        .with_target_partitions(processors(runtime))
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(true)
        .set_bool("datafusion.execution.parquet.pushdown_filters", true)
        .set_usize(
            "datafusion.optimizer.hash_join_single_partition_threshold",
            memory(runtime).map_or(usize::MAX, |bytes| bytes / MEMORY_PER_HASHED_BYTE),
        )
        // strings as the tables have them
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
}

impl Session {
    /// A session without tables, whose memory and caches are those of `runtime`.
    pub(super) fn new(runtime: Arc<RuntimeEnv>, registry: Arc<Registry>) -> Self {
        Self::with(config(&runtime), runtime, registry)
    }

    /// The same for a build, which reads small files once.
    pub(super) fn of_build(runtime: Arc<RuntimeEnv>, registry: Arc<Registry>) -> Self {
        let config = config(&runtime).with_extension(Arc::new(SmallFiles::new(&runtime.memory_pool)));
        Self::with(config, runtime, registry)
    }

    fn with(config: SessionConfig, runtime: Arc<RuntimeEnv>, registry: Arc<Registry>) -> Self {
        let context = SessionContext::new_with_config_rt(config, runtime);
        context.add_optimizer_rule(Arc::new(BoundsAcrossJoins));
        Self { context, registry, unpublished: BTreeSet::new() }
    }

    pub(super) fn context(&self) -> &SessionContext {
        &self.context
    }

    /// How many processors work on a query.
    pub(super) fn processors(&self) -> usize {
        processors(&self.context.runtime_env())
    }

    /// How many rows of a table each processor may build a model from at a time.
    pub(super) fn rows_per_portion(&self) -> u64 {
        let rows = memory(&self.context.runtime_env())
            .map_or(MOST_ROWS_PER_PORTION, |bytes| bytes / MEMORY_PER_ROW / self.processors());
        rows.min(MOST_ROWS_PER_PORTION) as u64
    }

    /// Shows the relation `closed_dates`.
    pub(super) fn set_dates(&self, dates: impl Iterator<Item = PartitionDate>) -> Result<(), WarehouseError> {
        let days =
            dates.map(|date| date.date().signed_duration_since(NaiveDate::default()).num_days() as i32);
        let column: ArrayRef = Arc::new(Date32Array::from_iter_values(days));
        self.set_relation(CLOSED_DATES, Field::new(PARTITION_COLUMN, DataType::Date32, false), column)
    }

    /// Shows the relation `paid_statuses`.
    pub(super) fn set_paid_statuses(&self, statuses: &[String]) -> Result<(), WarehouseError> {
        let column: ArrayRef = Arc::new(StringArray::from_iter_values(statuses));
        self.set_relation(PAID_STATUSES, Field::new("status", DataType::Utf8, false), column)
    }

    fn set_relation(&self, name: &str, field: Field, column: ArrayRef) -> Result<(), WarehouseError> {
        let schema = Arc::new(Schema::new(vec![field]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![column])
            .map_err(datafusion::error::DataFusionError::from)?;
        self.set_provider(name, Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
    }

    /// Shows `provider` under `name`, instead of what was shown under it.
    pub(super) fn set_provider(
        &self,
        name: &str,
        provider: Arc<dyn TableProvider>,
    ) -> Result<(), WarehouseError> {
        self.context.deregister_table(name)?;
        self.context.register_table(name, provider)?;
        Ok(())
    }

    /// Shows a stored model that no close has built yet: what is rebuilt by dates has no rows, and what is rebuilt as a
    /// whole is computed when it is asked, once [`Session::plan_views`] plans it.
    pub(super) fn set_unpublished(&mut self, model: &Model) -> Result<(), WarehouseError> {
        if model.is_partitioned() {
            let empty = MemTable::try_new(arrow_schema(model), vec![Vec::new()])?;
            return self.set_provider(&model.name, Arc::new(empty));
        }
        self.unpublished.insert(model.name.clone());
        Ok(())
    }

    /// Plans the views that read `changed`, directly or through other views; all views when it is none. A planned
    /// view holds on to the state of its tables.
    pub(super) async fn plan_views(&self, changed: Option<&str>) -> Result<(), WarehouseError> {
        let mut stale: Vec<&str> = changed.into_iter().collect();
        let is_view = |model: &&Model| !model.is_stored() || self.unpublished.contains(&model.name);
        for model in self.registry.models().iter().filter(is_view) {
            if changed.is_none() || model.reads.keys().any(|read| stale.contains(&read.as_str())) {
                self.plan_view(model).await?;
                stale.push(&model.name);
            }
        }
        Ok(())
    }

    /// Plans one view, from what is shown now.
    pub(super) async fn plan_view(&self, model: &Model) -> Result<(), WarehouseError> {
        let plan = planned(&self.context.state(), model, &model.sql).await?;
        self.set_provider(&model.name, Arc::new(ViewTable::new(plan, Some(model.sql.clone()))))
    }

    /// Shows every table and view of `other` under the schema `name`.
    pub(super) async fn show(&self, name: &str, other: &Self) -> Result<(), WarehouseError> {
        let schema = MemorySchemaProvider::new();
        for model in self.registry.models() {
            schema.register_table(model.name.clone(), other.context.table_provider(&model.name).await?)?;
        }
        if let Some(catalog) = self.context.catalog(CATALOG) {
            catalog.register_schema(name, Arc::new(schema))?;
        }
        Ok(())
    }

    /// Answers read-only SQL.
    pub(super) async fn query(&self, sql: &str, parameters: &[&str]) -> Result<QueryResult, WarehouseError> {
        let mut frame = self.read_only(sql).await?;
        if !parameters.is_empty() {
            let values: Vec<_> = parameters.iter().map(|text| ScalarValue::from(*text)).collect();
            frame = frame.with_param_values(values)?;
        }
        let stream: SendableRecordBatchStream = frame.execute_stream().await?;
        Ok(QueryResult { schema: stream.schema(), batches: stream.map_err(WarehouseError::from).boxed() })
    }

    /// Plans SQL that changes nothing.
    pub(super) async fn read_only(&self, sql: &str) -> Result<DataFrame, WarehouseError> {
        let read_only =
            SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        Ok(self.context.sql_with_options(sql, read_only).await?)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::FairSpillPool;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;

    use super::*;

    fn processors_with(memory: usize) -> usize {
        let pool = Arc::new(FairSpillPool::new(memory));
        processors(&RuntimeEnvBuilder::new().with_memory_pool(pool).build().unwrap())
    }

    #[test]
    fn little_memory_is_shared_by_few_processors() {
        assert_eq!(processors_with(1), 1);
        assert_eq!(processors_with(2 * MEMORY_PER_PROCESSOR - 1), 1);
        assert_eq!(processors_with(usize::MAX), SessionConfig::new().target_partitions());
    }
}
