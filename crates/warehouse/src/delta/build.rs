//! The next state of a Delta warehouse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, cast, ident};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{SendableRecordBatchStream, execute_stream};
use datafusion::prelude::ParquetReadOptions;
use daybook_model::manifest::Manifest;
use daybook_model::{Model, PartitionDate, Registry, compile};
use deltalake::DeltaTable;
use futures::StreamExt;

use super::publications::Publications;
use super::replace::Replacement;
use super::schema::{PARTITION_COLUMN, arrow_schema};
use super::session::Session;
use super::table::{self, Tables};
use crate::{Build, MaterializeMetrics, Publication, PublicationDraft, QueryResult, Storage, WarehouseError};

pub(super) struct DeltaBuild {
    storage: Storage,
    publications: Publications,
    before: Publication,
    session: Session,
    tables: Tables,
    /// Every stored model's table in this build's state.
    opened: BTreeMap<String, DeltaTable>,
}

impl DeltaBuild {
    /// A copy of `before`, whose state `published` shows.
    pub(super) async fn begin(
        storage: Storage,
        registry: Arc<Registry>,
        tables: Tables,
        publications: Publications,
        before: Publication,
        published: &Session,
        paid_statuses: &[String],
    ) -> Result<Self, WarehouseError> {
        let mut session = Session::new(&storage, Arc::clone(&registry))?;
        session.set_dates(before.draft.closed_dates.iter().copied())?;
        session.set_paid_statuses(paid_statuses)?;
        let mut opened = BTreeMap::new();
        for model in registry.models().iter().filter(|model| model.is_stored()) {
            let version = before.tables.get(&model.name).copied().unwrap_or(table::EMPTY);
            let table = tables.open(model, version).await?;
            session.set_table(&model.name, &table).await?;
            opened.insert(model.name.clone(), table);
        }
        session.plan_views(None).await?;
        session.show("published", published).await?;
        Ok(Self { storage, publications, before, session, tables, opened })
    }

    /// The rows of `sql` with the model's columns and types, in its order.
    async fn rows(&self, model: &Model, sql: &str) -> Result<SendableRecordBatchStream, WarehouseError> {
        let schema = arrow_schema(model);
        let state = self.session.context().state();
        let plan = conform(model, &schema, state.create_logical_plan(sql).await?)?;
        let stream = execute_stream(state.create_physical_plan(&plan).await?, state.task_ctx())?;
        let typed = Arc::clone(&schema);
        let batches = stream.map(move |batch| {
            RecordBatch::try_new(Arc::clone(&typed), batch?.columns().to_vec()).map_err(DataFusionError::from)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// `plan` reduced to the declared columns, in the declared types and order.
fn conform(model: &Model, schema: &SchemaRef, plan: LogicalPlan) -> Result<LogicalPlan, WarehouseError> {
    let given: BTreeSet<&str> = plan.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let declared: BTreeSet<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    if given != declared {
        let problem = format!("its SQL gives the columns {given:?}, its YAML declares {declared:?}");
        return Err(WarehouseError::Model { model: model.name.clone(), problem });
    }
    let columns = schema
        .fields()
        .iter()
        .map(|field| cast(ident(field.name()), field.data_type().clone()).alias(field.name()));
    let order = [PARTITION_COLUMN].into_iter().chain(model.sort.iter().map(String::as_str));
    let plan = LogicalPlanBuilder::from(plan)
        .project(columns.collect::<Vec<_>>())?
        .sort(order.map(|name| ident(name).sort(true, false)).collect::<Vec<_>>())?
        .build()?;
    Ok(plan)
}

#[async_trait]
impl Build for DeltaBuild {
    async fn stage(&mut self, manifest: &Manifest) -> Result<(), WarehouseError> {
        for (name, dump) in &manifest.tables {
            let files: Vec<String> =
                dump.files.iter().map(|file| self.storage.object_url(&file.path)).collect();
            let frame = self.session.context().read_parquet(files, ParquetReadOptions::default()).await?;
            self.session.set_provider(&format!("{name}_staging"), frame.into_view())?;
        }
        Ok(())
    }

    async fn materialize(
        &mut self,
        model: &Model,
        dates: &BTreeSet<PartitionDate>,
    ) -> Result<MaterializeMetrics, WarehouseError> {
        if dates.is_empty() {
            return Ok(MaterializeMetrics::default());
        }
        let sql = compile::compile(&model.sql, dates).map_err(|error| WarehouseError::Model {
            model: model.name.clone(),
            problem: error.to_string(),
        })?;
        let base = self.opened.get(&model.name).cloned().ok_or_else(|| WarehouseError::Model {
            model: model.name.clone(),
            problem: "is not a stored model of this warehouse".to_owned(),
        })?;
        let replacement = Replacement {
            base,
            latest: self.tables.open_latest(model).await?,
            dates: dates.clone(),
            schema: arrow_schema(model),
            rows: self.rows(model, &sql).await?,
        };
        let (table, metrics) = replacement.execute().await.map_err(WarehouseError::delta(&model.name))?;
        self.session.set_table(&model.name, &table).await?;
        self.session.plan_views(Some(&model.name)).await?;
        self.opened.insert(model.name.clone(), table);
        Ok(metrics)
    }

    async fn query(&self, sql: &str) -> Result<QueryResult, WarehouseError> {
        self.session.query(sql, &[]).await
    }

    async fn publish(self: Box<Self>, draft: PublicationDraft) -> Result<Publication, WarehouseError> {
        let versions = self.opened.iter().filter_map(|(name, table)| Some((name.clone(), table.version()?)));
        let publication = Publication { number: self.before.number + 1, tables: versions.collect(), draft };
        self.publications.add(&publication).await?;
        Ok(publication)
    }
}
