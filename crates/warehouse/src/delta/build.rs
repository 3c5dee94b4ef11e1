//! The next state of a Delta warehouse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::common::runtime::SpawnedTask;
use datafusion::datasource::ViewTable;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, ident, in_list, lit};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::prelude::ParquetReadOptions;
use datafusion::scalar::ScalarValue;
use daybook_model::manifest::{Manifest, staged};
use daybook_model::{
    CLOSED_DATES, Dialect, Feed, Kind, Model, PARTITION_COLUMN, PartitionDate, Registry, compile, portions,
};
use deltalake::DeltaTableError;
use futures::{StreamExt, TryStreamExt};
use tokio::sync::{Mutex, Semaphore};

use super::publications::Publications;
use super::replace::{Extent, Replacement};
use super::schema::{arrow_schema, delta_columns, planned};
use super::session::Session;
use super::stored;
use super::table::{self, OpenTable, Tables};
use super::write::{FileWriter, Written};
use crate::{Build, MaterializeMetrics, Publication, PublicationDraft, QueryResult, Storage, WarehouseError};

const CATALOGUE_SIZE: &str = "select count(distinct variant_id) from variant_version
    union all select count(distinct product_id) from product_version";

type Dates = BTreeSet<PartitionDate>;

pub(super) struct DeltaBuild {
    storage: Storage,
    publications: Publications,
    before: Publication,
    session: Session,
    registry: Arc<Registry>,
    tables: Tables,
    /// Every stored model's table in this build's state. Who shows another one keeps the lock until the views that read it
    /// are planned: of a view that reads two tables, whoever shows the second one has to see the first.
    opened: Mutex<BTreeMap<String, Arc<OpenTable>>>,
    /// One for each processor, and with it for its part of the memory.
    permits: Semaphore,
    /// How many rows each staged table holds of each date.
    staged_rows: BTreeMap<String, BTreeMap<PartitionDate, u64>>,
}

/// Dates of a model that are built together.
struct Portion {
    dates: Dates,
    /// The parts of the memory that it may take: more than one only if a single date is that large.
    permits: u32,
}

impl DeltaBuild {
    /// A copy of `before`, whose state `published` shows.
    #[expect(clippy::too_many_arguments, reason = "the parts of a warehouse, and one state of it")]
    pub(super) async fn begin(
        storage: Storage,
        session: Session,
        registry: Arc<Registry>,
        tables: Tables,
        publications: Publications,
        before: Publication,
        published: &Session,
        paid_statuses: &[String],
    ) -> Result<Self, WarehouseError> {
        session.set_dates(before.draft.closed_dates.iter().copied())?;
        session.set_paid_statuses(paid_statuses)?;
        session.show("published", published).await?;
        let processors = session.processors();
        let mut build = Self {
            storage,
            publications,
            before,
            session,
            registry: Arc::clone(&registry),
            tables,
            opened: Mutex::default(),
            permits: Semaphore::new(processors),
            staged_rows: BTreeMap::new(),
        };
        let version = |model: &Model| build.before.tables.get(&model.name).copied().unwrap_or(table::EMPTY);
        let opened = build.tables.open(stored(&registry).map(|model| (model, version(model)))).await?;
        for (model, opened) in stored(&registry).zip(opened) {
            build.session.set_provider(&model.name, Arc::clone(&opened.files) as _)?;
            build.opened.get_mut().insert(model.name.clone(), opened);
        }
        build.session.plan_views(None).await?;
        Ok(build)
    }

    /// Makes `opened` what queries see of `model`, also through views.
    async fn show(&self, model: &Model, opened: Arc<OpenTable>) -> Result<(), WarehouseError> {
        let mut all = self.opened.lock().await;
        self.session.set_provider(&model.name, Arc::clone(&opened.files) as _)?;
        all.insert(model.name.clone(), opened);
        self.session.plan_views(Some(&model.name)).await
    }

    async fn opened(&self, model: &Model) -> Result<Arc<OpenTable>, WarehouseError> {
        self.opened.lock().await.get(&model.name).cloned().ok_or_else(|| WarehouseError::Model {
            model: model.name.clone(),
            problem: "is not a stored model of this warehouse".to_owned(),
        })
    }

    /// Writes the model's files for `dates`, some dates at a time, as many at once as there are processors.
    async fn write(&self, model: &Model, dates: &Dates) -> Result<Written, WarehouseError> {
        let failed = |error| WarehouseError::delta(&model.name)(error);
        let writer = FileWriter::of(model, &self.opened(model).await?.table).map_err(failed)?;
        let portions = self.portions(model, dates).await?;
        let processors = self.session.processors();
        // one portion is shared by all processors; of many, each processor takes its own
        let partitions = if portions.len() == 1 { processors } else { 1 };
        futures::stream::iter(portions)
            .map(|Portion { dates: portion, permits }| {
                let writer = writer.clone();
                async move {
                    // nobody ever closes it
                    let _permits = self.permits.acquire_many(permits).await.ok();
                    let rows = self.rows(model, dates, &portion, partitions).await?;
                    let written = SpawnedTask::spawn(async move { writer.write(rows).await }).join().await;
                    let written = written.map_err(DeltaTableError::generic).and_then(|done| done);
                    all_dated(model, written.map_err(failed)?)
                }
            })
            .buffer_unordered(processors)
            .try_fold(Written::default(), |mut all, written: Written| async move {
                all.files.extend(written.files);
                all.rows += written.rows;
                Ok(all)
            })
            .await
    }

    /// `dates` in portions by the largest table that the model reads: memory stays bounded however many dates there are,
    /// and nothing has to be sorted on disk.
    async fn portions(&self, model: &Model, dates: &Dates) -> Result<Vec<Portion>, WarehouseError> {
        let processors = self.session.processors() as u32;
        if !model.is_partitioned() {
            return Ok(vec![Portion { dates: Dates::new(), permits: processors }]);
        }
        let shows_catalogue = match model.feed {
            Some(Feed::Catalogue) => true,
            Some(Feed::Versions) => model.lookback_days > 0,
            Some(Feed::Orders | Feed::Sales) | None => false,
        };
        if shows_catalogue {
            let rows = if dates.len() > 1 { self.catalogue_size().await? } else { 0 };
            return Ok(self.portioned(dates, |_| rows));
        }
        let rows = self.rows_read(model).await;
        Ok(self.portioned(dates, |date| rows.get(&date).copied().unwrap_or_default()))
    }

    /// `dates` in portions, of which each date has so many `rows`.
    fn portioned(&self, dates: &Dates, rows: impl Fn(PartitionDate) -> u64) -> Vec<Portion> {
        let limit = self.session.rows_per_portion();
        let processors = self.session.processors() as u64;
        let portion = |dates: Dates| {
            let total: u64 = dates.iter().map(|date| rows(*date)).sum();
            Portion { permits: total.div_ceil(limit.max(1)).clamp(1, processors) as u32, dates }
        };
        portions(dates, limit, &rows).into_iter().map(portion).collect()
    }

    /// How many rows of each date the model reads, in the table that holds the most.
    async fn rows_read(&self, model: &Model) -> BTreeMap<PartitionDate, u64> {
        let mut tables = self.registry.tables_read(&model.name);
        // what it merges into
        tables.insert(model.name.clone());
        let mut most = BTreeMap::new();
        for table in &tables {
            let held = self.rows_held(table).await;
            for (date, count) in held.iter().chain(self.staged_rows.get(table).into_iter().flatten()) {
                let rows = most.entry(*date).or_default();
                *rows = (*count).max(*rows);
            }
        }
        most
    }

    /// How many rows a stored model's table holds of each date.
    async fn rows_held(&self, model: &str) -> BTreeMap<PartitionDate, u64> {
        self.opened.lock().await.get(model).map(|opened| opened.files.rows_by_date()).unwrap_or_default()
    }

    /// How many rows one day's state of the catalogue has at most: as many as there ever were products or variants.
    async fn catalogue_size(&self) -> Result<u64, WarehouseError> {
        let batches = self.session.query(CATALOGUE_SIZE, &[]).await?.collect().await?;
        let counts = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().iter());
        Ok(counts.flatten().max().unwrap_or_default().cast_unsigned())
    }

    /// The model's rows of a `portion` of the `dates` being built, and those without any date, with its columns and types,
    /// in its order.
    async fn rows(
        &self,
        model: &Model,
        dates: &Dates,
        portion: &Dates,
        partitions: usize,
    ) -> Result<SendableRecordBatchStream, WarehouseError> {
        // what is merged may come from any of the dates: an order takes its lines to another one
        let asked = if model.kind == Kind::Incremental { dates } else { portion };
        let sql = model.compile(asked, self.dialect()).map_err(WarehouseError::uncompiled(model))?;
        let schema = arrow_schema(model);
        let mut state = self.session.context().state();
        state.config_mut().options_mut().execution.target_partitions = partitions;
        let plan = planned(&state, model, &sql).await?;
        let plan = if model.is_partitioned() { within(plan, model, portion)? } else { plan };
        let date = model.is_partitioned().then_some(PARTITION_COLUMN);
        let order = date.into_iter().chain(model.sort.iter().map(String::as_str));
        let order = order.map(|name| ident(name).sort(true, false)).collect::<Vec<_>>();
        let plan = match order.is_empty() {
            true => plan,
            false => LogicalPlanBuilder::from(plan).sort(order)?.build()?,
        };
        let stream = execute_stream(state.create_physical_plan(&plan).await?, state.task_ctx())?;
        let typed = Arc::clone(&schema);
        let batches = stream.map(move |batch| {
            RecordBatch::try_new(Arc::clone(&typed), batch?.columns().to_vec()).map_err(DataFusionError::from)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// `plan` reduced to rows of `dates`: others would be added to partitions that stay. Rows without a date are left in, so
/// that they can be told of; a dump has none, and files of what is merged are pruned by this condition.
fn within(plan: LogicalPlan, model: &Model, dates: &Dates) -> Result<LogicalPlan, WarehouseError> {
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return Ok(plan) };
    let literal = |date: &PartitionDate| lit(ScalarValue::Date32(Some(date.date().to_epoch_days())));
    let mut is_built: Expr = ident(PARTITION_COLUMN).between(literal(first), literal(last));
    if PartitionDate::range(*first, *last).count() > dates.len() {
        let dates = dates.iter().map(literal).collect();
        is_built = is_built.and(in_list(ident(PARTITION_COLUMN), dates, false));
    }
    let condition = match model.kind {
        Kind::Incremental => is_built,
        _ => ident(PARTITION_COLUMN).is_null().or(is_built),
    };
    Ok(LogicalPlanBuilder::from(plan).filter(condition)?.build()?)
}

/// Refuses rows that belong to no date.
fn all_dated(model: &Model, written: Written) -> Result<Written, WarehouseError> {
    match written.undated {
        0 => Ok(written),
        rows => Err(WarehouseError::Model {
            model: model.name.clone(),
            problem: format!("{rows} row(s) of its SQL ({}) have no partition_date", model.file),
        }),
    }
}

#[async_trait]
impl Build for DeltaBuild {
    fn dialect(&self) -> Dialect {
        Dialect::Delta
    }

    fn follows(&self) -> u64 {
        self.before.number
    }

    async fn stage(&mut self, manifest: &Manifest) -> Result<(), WarehouseError> {
        for (name, dump) in &manifest.tables {
            let staged = staged(name);
            let rows = dump.dates.iter().map(|(date, content)| (*date, content.rows)).collect();
            self.staged_rows.insert(staged.clone(), rows);
            let files: Vec<String> =
                dump.files.iter().map(|file| self.storage.object_url(&file.path)).collect();
            let frame = self.session.context().read_parquet(files, ParquetReadOptions::default()).await?;
            self.session.set_provider(&staged, frame.into_view())?;
        }
        Ok(())
    }

    async fn set_closed_dates(&mut self, dates: &Dates) -> Result<(), WarehouseError> {
        self.session.set_dates(dates.iter().copied())?;
        self.session.plan_views(Some(CLOSED_DATES)).await
    }

    async fn materialize(
        &self,
        model: &Model,
        dates: &BTreeSet<PartitionDate>,
    ) -> Result<MaterializeMetrics, WarehouseError> {
        if dates.is_empty() && model.is_partitioned() {
            return Ok(MaterializeMetrics::default());
        }
        let Written { files, rows, .. } = self.write(model, dates).await?;
        let extent = if model.is_partitioned() { Extent::Dates(dates.clone()) } else { Extent::Whole };
        let base = self.opened(model).await?.table.clone();
        let replacement = Replacement { base, extent, files, columns: delta_columns(model) };
        let table = replacement.commit().await.map_err(WarehouseError::delta(&model.name))?;
        self.show(model, self.tables.remember(model, table)?).await?;
        Ok(MaterializeMetrics { rows, dates: dates.len() as u64 })
    }

    async fn preview(&mut self, model: &Model, dates: &Dates) -> Result<(), WarehouseError> {
        let state = self.session.context().state();
        let kept = format!("select * from \"{}\" where not (partition_date in (:dates))", model.name);
        let kept =
            compile::compile(&kept, dates, self.dialect()).map_err(WarehouseError::uncompiled(model))?;
        let kept = state.create_logical_plan(&kept).await?;
        let built = model.compile(dates, self.dialect()).map_err(WarehouseError::uncompiled(model))?;
        let built = planned(&state, model, &built).await?;
        let preview = LogicalPlanBuilder::from(kept).union(built)?.build()?;
        self.session.set_provider(&model.name, Arc::new(ViewTable::new(preview, None)))?;
        self.session.plan_views(Some(&model.name)).await
    }

    async fn rows(&self, model: &str) -> Result<BTreeMap<PartitionDate, u64>, WarehouseError> {
        Ok(self.rows_held(model).await)
    }

    async fn query(&self, sql: &str) -> Result<QueryResult, WarehouseError> {
        self.session.query(sql, &[]).await
    }

    async fn publish(self: Box<Self>, draft: PublicationDraft) -> Result<Publication, WarehouseError> {
        let version =
            |(name, opened): (&String, &Arc<OpenTable>)| Some((name.clone(), opened.table.version()?));
        let tables = self.opened.lock().await.iter().filter_map(version).collect();
        let publication = Publication { number: self.before.number + 1, tables, draft };
        self.publications.add(&publication).await?;
        Ok(publication)
    }
}
