//! The Delta tables of a warehouse.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use daybook_model::Model;
use deltalake::DeltaTable;
use deltalake::TableProperty;
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::operations::create::CreateBuilder;
use futures::future::try_join_all;
use object_store::prefix::PrefixStore;

use super::files::TableFiles;
use super::schema::{delta_columns, partition_columns};
use crate::{Storage, WarehouseError};

/// The version that every table is created with, holding no rows.
pub(super) const EMPTY: u64 = 0;

/// A table in one of its states, and its files as queries see them.
pub(super) struct OpenTable {
    pub(super) table: DeltaTable,
    pub(super) files: Arc<TableFiles>,
}

/// Opens tables. To read a long history's log takes time, so the state of each that was opened last is remembered: it is
/// asked for again, or one that adds a commit or two to it.
#[derive(Clone)]
pub(super) struct Tables {
    storage: Storage,
    opened: Arc<Mutex<BTreeMap<String, Arc<OpenTable>>>>,
}

impl Tables {
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage, opened: Arc::default() }
    }

    /// Creates the model's table, empty, unless it exists.
    pub(super) async fn create(&self, model: &Model) -> Result<(), WarehouseError> {
        let failed = WarehouseError::delta(&model.name);
        let table = self.unread(model);
        if table.verify_deltatable_existence().await.map_err(WarehouseError::delta(&model.name))? {
            return Ok(());
        }
        CreateBuilder::new()
            .with_log_store(table.log_store())
            .with_table_name(&model.name)
            .with_comment(&model.description)
            .with_columns(delta_columns(model))
            .with_partition_columns(partition_columns(model))
            // a publication may pin an old version for as long as nothing newer is published
            .with_configuration_property(TableProperty::EnableExpiredLogCleanup, Some("false"))
            .await
            .map_err(failed)?;
        // that of a table that is gone
        self.all_opened().remove(&model.name);
        Ok(())
    }

    /// The models' tables, each as of a version; all at once, since most of the time is spent waiting.
    pub(super) async fn open(
        &self,
        versions: impl IntoIterator<Item = (&Model, u64)>,
    ) -> Result<Vec<Arc<OpenTable>>, WarehouseError> {
        try_join_all(versions.into_iter().map(|(model, version)| self.open_one(model, version))).await
    }

    async fn open_one(&self, model: &Model, version: u64) -> Result<Arc<OpenTable>, WarehouseError> {
        let remembered = self.remembered(model);
        let mut table = match remembered {
            Some(opened) if opened.table.version() == Some(version) => return Ok(opened),
            Some(opened) => opened.table.clone(),
            None => self.unread(model),
        };
        table.load_version(version).await.map_err(WarehouseError::delta(&model.name))?;
        check_partitioning(model, &table)?;
        self.remember(model, table)
    }

    /// Takes `table` for the state of the model's table that is opened next.
    pub(super) fn remember(
        &self,
        model: &Model,
        table: DeltaTable,
    ) -> Result<Arc<OpenTable>, WarehouseError> {
        let files =
            TableFiles::of(model, &table, &self.storage).map_err(WarehouseError::delta(&model.name))?;
        let opened = Arc::new(OpenTable { table, files: Arc::new(files) });
        self.all_opened().insert(model.name.clone(), Arc::clone(&opened));
        Ok(opened)
    }

    fn remembered(&self, model: &Model) -> Option<Arc<OpenTable>> {
        self.all_opened().get(&model.name).cloned()
    }

    fn all_opened(&self) -> MutexGuard<'_, BTreeMap<String, Arc<OpenTable>>> {
        // nobody leaves it half-changed
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model's table, of which nothing has been read yet.
    pub(super) fn unread(&self, model: &Model) -> DeltaTable {
        DeltaTable::new(self.log_store(&model.name))
    }

    fn log_store(&self, name: &str) -> LogStoreRef {
        let folder = format!("tables/{name}");
        let root = self.storage.store();
        let prefixed = Arc::new(PrefixStore::new(Arc::clone(&root), self.storage.path(&folder)));
        default_logstore(prefixed, root, &self.storage.folder_url(&folder), &StorageConfig::default())
    }
}

/// A table is partitioned when it is created, once for all.
fn check_partitioning(model: &Model, table: &DeltaTable) -> Result<(), WarehouseError> {
    let snapshot = table.snapshot().map_err(WarehouseError::delta(&model.name))?;
    if snapshot.metadata().partition_columns() == partition_columns(model).as_slice() {
        return Ok(());
    }
    let problem = format!(
        "its table was made with another kind than {}, and keeps its partitions or their absence: give it the old kind \
         again, or the model another name",
        model.kind.name()
    );
    Err(WarehouseError::Model { model: model.name.clone(), problem })
}
