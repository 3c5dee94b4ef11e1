//! The publication documents, of which the one with the highest number counts.

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::{Publication, Storage, WarehouseError};

const FOLDER: &str = "publications";

#[derive(Clone, Debug)]
pub(super) struct Publications {
    storage: Storage,
}

impl Publications {
    pub(super) fn new(storage: Storage) -> Self {
        Self { storage }
    }

    /// The latest publication, if there is one.
    pub(super) async fn latest(&self) -> Result<Option<Publication>, WarehouseError> {
        match self.list().await?.last() {
            Some(path) => self.read(path).await.map(Some),
            None => Ok(None),
        }
    }

    /// Every publication's document, the oldest first.
    pub(super) async fn list(&self) -> Result<Vec<Path>, WarehouseError> {
        let listed = self.storage.store.list(Some(&self.storage.path(FOLDER)));
        let listed: Vec<_> = listed.try_collect().await.map_err(|error| self.storage.read_error(error))?;
        let is_document = |path: &Path| path.filename().is_some_and(|name| name.ends_with(".json"));
        let mut paths: Vec<_> =
            listed.into_iter().map(|object| object.location).filter(is_document).collect();
        // numbers are zero-padded, so the greatest name has the highest number
        paths.sort_unstable();
        Ok(paths)
    }

    /// Makes `publication` the latest; fails when its number is taken.
    pub(super) async fn add(&self, publication: &Publication) -> Result<(), WarehouseError> {
        let path = self.storage.path(&format!("{FOLDER}/{:012}.json", publication.number));
        let document = serde_json::to_vec_pretty(publication)
            .map_err(|source| WarehouseError::Publication { path: path.to_string(), source })?;
        let only_if_absent = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.storage.store.put_opts(&path, document.into(), only_if_absent).await {
            Ok(_) => Ok(()),
            Err(object_store::Error::AlreadyExists { .. }) => {
                Err(WarehouseError::Overtaken { number: publication.number })
            }
            Err(error) => Err(self.storage.write_error(error)),
        }
    }

    pub(super) async fn read(&self, path: &Path) -> Result<Publication, WarehouseError> {
        let failed = |error| self.storage.read_error(error);
        let document = self.storage.store.get(path).await.map_err(failed)?.bytes().await.map_err(failed)?;
        serde_json::from_slice(&document)
            .map_err(|source| WarehouseError::Publication { path: path.to_string(), source })
    }
}
