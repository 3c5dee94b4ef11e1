//! The Delta tables of a warehouse.

use std::sync::Arc;

use daybook_model::Model;
use deltalake::DeltaTable;
use deltalake::TableProperty;
use deltalake::logstore::{LogStoreRef, StorageConfig, default_logstore};
use deltalake::operations::create::CreateBuilder;
use object_store::prefix::PrefixStore;

use super::schema::{delta_columns, partition_columns};
use crate::{Storage, WarehouseError};

/// The version that every table is created with, holding no rows.
pub(super) const EMPTY: u64 = 0;

#[derive(Clone, Debug)]
pub(super) struct Tables {
    storage: Storage,
}

impl Tables {
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage }
    }

    /// Creates the model's table, empty, unless it exists.
    pub(super) async fn create(&self, model: &Model) -> Result<(), WarehouseError> {
        let failed = WarehouseError::delta(&model.name);
        let log_store = self.log_store(&model.name);
        let table = DeltaTable::new(Arc::clone(&log_store));
        if table.verify_deltatable_existence().await.map_err(WarehouseError::delta(&model.name))? {
            return Ok(());
        }
        CreateBuilder::new()
            .with_log_store(log_store)
            .with_table_name(&model.name)
            .with_comment(&model.description)
            .with_columns(delta_columns(model))
            .with_partition_columns(partition_columns(model))
            // a publication may pin an old version for as long as nothing newer is published
            .with_configuration_property(TableProperty::EnableExpiredLogCleanup, Some("false"))
            .await
            .map(drop)
            .map_err(failed)
    }

    /// The model's table as of `version`.
    pub(super) async fn open(&self, model: &Model, version: u64) -> Result<DeltaTable, WarehouseError> {
        let mut table = DeltaTable::new(self.log_store(&model.name));
        table.load_version(version).await.map_err(WarehouseError::delta(&model.name))?;
        check_partitioning(model, &table)?;
        Ok(table)
    }

    /// The model's table as last committed, published or not.
    pub(super) async fn open_latest(&self, model: &Model) -> Result<DeltaTable, WarehouseError> {
        let mut table = DeltaTable::new(self.log_store(&model.name));
        table.load().await.map_err(WarehouseError::delta(&model.name))?;
        Ok(table)
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
