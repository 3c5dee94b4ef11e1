//! Removes files that no kept publication shows.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use daybook_model::Model;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{DeltaWarehouse, stored};
use crate::{Publication, VacuumMetrics, WarehouseError};

/// Where Delta keeps a table's own log.
const LOG: &str = "_delta_log";

impl DeltaWarehouse {
    /// Keeps the last `keep` publications and all that they show. Looking through their files takes time, so this
    /// waits until there are twice as many, or until builds have left files that no publication ever showed.
    pub(super) async fn vacuum_to(
        &self,
        keep: usize,
        leftovers: bool,
    ) -> Result<VacuumMetrics, WarehouseError> {
        let mut old = self.publications.list().await?;
        let is_time = old.len() >= keep.saturating_mul(2);
        if !is_time && !leftovers {
            return Ok(VacuumMetrics::default());
        }
        let Some(published) = old.last().map(|document| document.last_modified) else {
            return Ok(VacuumMetrics::default());
        };
        let mut kept = Vec::new();
        for document in old.split_off(if is_time { old.len() - keep } else { 0 }) {
            kept.push(self.publications.read(&document.location).await?);
        }
        // first of all nobody may want the files
        for document in &old {
            self.delete(&document.location).await?;
        }
        let mut metrics = VacuumMetrics { publications: old.len() as u64, ..VacuumMetrics::default() };
        for model in stored(&self.registry) {
            self.vacuum_table(model, &kept, published, &mut metrics).await?;
        }
        Ok(metrics)
    }

    async fn vacuum_table(
        &self,
        model: &Model,
        kept: &[Publication],
        published: DateTime<Utc>,
        metrics: &mut VacuumMetrics,
    ) -> Result<(), WarehouseError> {
        let folder = self.storage.path(&format!("tables/{}", model.name));
        let log = folder.clone().join(LOG);
        let store = self.storage.store();
        let objects: Vec<_> =
            store.list(Some(&folder)).try_collect().await.map_err(|error| self.storage.read_error(error))?;
        let needed = self.needed_files(model, kept, &folder).await?;
        for object in objects {
            // Younger than the latest publication: should the run lock have been lost, another run's, to be published.
            let is_young = object.last_modified > published;
            if !is_young && !object.location.prefix_matches(&log) && !needed.contains(&object.location) {
                self.delete(&object.location).await?;
                metrics.files += 1;
                metrics.bytes += object.size;
            }
        }
        Ok(())
    }

    /// The table's files in every kept publication, and in its newest state, which its log speaks of first.
    async fn needed_files(
        &self,
        model: &Model,
        kept: &[Publication],
        folder: &Path,
    ) -> Result<BTreeSet<Path>, WarehouseError> {
        let versions: BTreeSet<u64> =
            kept.iter().filter_map(|publication| publication.tables.get(&model.name).copied()).collect();
        let mut table = self.tables.unread(model);
        let mut needed = BTreeSet::new();
        // in this order each state only adds to the one before
        for version in versions.into_iter().map(Some).chain([None]) {
            table.update_incremental(version).await.map_err(WarehouseError::delta(&model.name))?;
            let snapshot = table.snapshot().map_err(WarehouseError::delta(&model.name))?;
            let files = snapshot.snapshot().log_data();
            needed.extend(files.iter().map(|file| {
                file.object_store_path().parts().fold(folder.clone(), |path, part| path.join(part))
            }));
        }
        Ok(needed)
    }

    /// What is gone already is as good as deleted.
    async fn delete(&self, path: &Path) -> Result<(), WarehouseError> {
        match self.storage.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.storage.write_error(error)),
        }
    }
}
