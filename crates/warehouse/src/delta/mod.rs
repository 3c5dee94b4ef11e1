//! The embedded back end: DataFusion over Delta Lake tables on any object store.
//!
//! Each stored model is a Delta table under `tables/<name>/`, partitioned by `partition_date` unless it is of kind
//! `table`. A build commits new
//! versions of tables that nobody reads; publishing writes `publications/<number>.json`, the number in 12 digits, which
//! pins one version of every table, with a conditional put. So readers through Daybook switch all tables at once, and
//! others can read the exact versions in that document.

mod bounds;
mod build;
mod explain;
mod files;
mod lookup;
mod outdated;
mod publications;
mod replace;
mod schema;
mod session;
mod small_files;
mod table;
mod unit_tests;
mod vacuum;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use daybook_model::{Dialect, Model, Registry};
use futures::future::try_join_all;
use tokio::sync::Mutex;

use crate::{
    Build, Check, Cost, Explanation, Publication, QueryResult, Storage, VacuumMetrics, Warehouse,
    WarehouseError,
};
use build::DeltaBuild;
use outdated::{OutdatedTable, has_columns};
use publications::Publications;
use session::Session;
use table::Tables;

pub use unit_tests::{check_queries, run_unit_test};

/// A warehouse of Delta tables.
pub struct DeltaWarehouse {
    storage: Storage,
    registry: Arc<Registry>,
    tables: Tables,
    publications: Publications,
    runtime: Arc<RuntimeEnv>,
    /// The session of the publication that was asked last: opening tables and planning views takes longer than
    /// most answers.
    reader: Mutex<Option<(Publication, Arc<Session>)>>,
}

impl DeltaWarehouse {
    /// The warehouse at `storage`, holding the models of `registry`. All its queries together, those of a close
    /// too, hold at most about `memory` bytes of rows; what sorts and groups more uses the temporary folder.
    ///
    /// # Errors
    /// When the temporary folder cannot be used.
    pub fn new(storage: Storage, registry: Arc<Registry>, memory: usize) -> Result<Self, WarehouseError> {
        let pool = Arc::new(FairSpillPool::new(memory));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc()?;
        runtime.register_object_store(&storage.url, storage.store());
        Ok(Self {
            tables: Tables::new(storage.clone()),
            publications: Publications::new(storage.clone()),
            registry,
            storage,
            runtime,
            reader: Mutex::new(None),
        })
    }

    /// The session that shows `publication`.
    async fn reader(&self, publication: &Publication) -> Result<Arc<Session>, WarehouseError> {
        let mut reader = self.reader.lock().await;
        if let Some((shown, session)) = reader.as_ref()
            && shown == publication
        {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(self.published_session(publication).await?);
        *reader = Some((publication.clone(), Arc::clone(&session)));
        Ok(session)
    }

    async fn published_session(&self, publication: &Publication) -> Result<Session, WarehouseError> {
        let mut session = Session::new(Arc::clone(&self.runtime), Arc::clone(&self.registry));
        session.set_dates(publication.draft.closed_dates.iter().copied())?;
        session.set_paid_statuses(&publication.draft.paid_statuses)?;
        let mut published = Vec::new();
        for model in stored(&self.registry) {
            match publication.tables.get(&model.name) {
                Some(version) => published.push((model, *version)),
                None => session.set_unpublished(model)?,
            }
        }
        let opened = self.tables.open(published.iter().copied()).await?;
        for ((model, _), opened) in published.into_iter().zip(opened) {
            if has_columns(model, &opened.table).map_err(WarehouseError::delta(&model.name))? {
                session.set_provider(&model.name, Arc::clone(&opened.files) as _)?;
            } else {
                session.set_provider(&model.name, Arc::new(OutdatedTable::of(model)))?;
            }
        }
        session.plan_views(None).await?;
        Ok(session)
    }
}

/// The models that have tables.
fn stored(registry: &Registry) -> impl Iterator<Item = &Model> {
    registry.models().iter().filter(|model| model.is_stored())
}

#[async_trait]
impl Warehouse for DeltaWarehouse {
    fn storage(&self) -> &Storage {
        &self.storage
    }

    fn dialect(&self) -> Dialect {
        Dialect::Delta
    }

    async fn create(&self) -> Result<(), WarehouseError> {
        try_join_all(stored(&self.registry).map(|model| self.tables.create(model))).await.map(drop)
    }

    async fn published(&self) -> Result<Option<Publication>, WarehouseError> {
        self.publications.latest().await
    }

    async fn query(&self, sql: &str, parameters: &[&str]) -> Result<QueryResult, WarehouseError> {
        let publication = self.publications.latest().await?.ok_or(WarehouseError::NothingPublished)?;
        self.reader(&publication).await?.query(sql, parameters).await
    }

    async fn explain(&self, sql: &str) -> Result<Explanation, WarehouseError> {
        let publication = self.publications.latest().await?.ok_or(WarehouseError::NothingPublished)?;
        self.reader(&publication).await?.explain(sql).await
    }

    async fn vacuum(&self, keep: usize, leftovers: bool) -> Result<VacuumMetrics, WarehouseError> {
        self.vacuum_to(keep.max(1), leftovers).await
    }

    async fn ping(&self) -> Result<(), WarehouseError> {
        self.publications.latest().await.map(drop)
    }

    async fn diagnose(&self) -> Vec<Check> {
        vec![self.storage.diagnose().await]
    }

    async fn begin(&self, _run_id: i64, paid_statuses: &[String]) -> Result<Box<dyn Build>, WarehouseError> {
        self.create().await?;
        let publication = self.publications.latest().await?;
        let before = self.reader(publication.as_ref().unwrap_or(&Publication::default())).await?;
        let build = DeltaBuild::begin(
            self.storage.clone(),
            Session::of_build(Arc::clone(&self.runtime), Arc::clone(&self.registry)),
            Arc::clone(&self.registry),
            self.tables.clone(),
            self.publications.clone(),
            publication.unwrap_or_default(),
            &before,
            paid_statuses,
        )
        .await?;
        Ok(Box::new(build))
    }

    async fn costs(&self, _run_id: i64) -> Result<BTreeMap<String, Cost>, WarehouseError> {
        Ok(BTreeMap::new())
    }
}
