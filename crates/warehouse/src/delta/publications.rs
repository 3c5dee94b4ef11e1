//! The publication documents, of which the one with the highest number counts.

use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions};

use crate::{Publication, Storage, WarehouseError};

const FOLDER: &str = "publications";

/// Zero-padded, so that the greatest name has the highest number.
const DIGITS: usize = 12;

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
            Some(document) => self.read(&document.location).await.map(Some),
            None => Ok(None),
        }
    }

    /// Every publication's document, the oldest first.
    pub(super) async fn list(&self) -> Result<Vec<ObjectMeta>, WarehouseError> {
        let folder = self.storage.path(FOLDER);
        let listed = self.storage.store.list_with_delimiter(Some(&folder)).await;
        let mut objects = listed.map_err(|error| self.storage.read_error(error))?.objects;
        objects.retain(|object| is_document(&object.location));
        objects.sort_unstable_by(|one, other| one.location.cmp(&other.location));
        Ok(objects)
    }

    /// Makes `publication` the latest; fails when its number is taken.
    pub(super) async fn add(&self, publication: &Publication) -> Result<(), WarehouseError> {
        let path = self.storage.path(&format!("{FOLDER}/{:0DIGITS$}.json", publication.number));
        let document = serde_json::to_vec_pretty(publication)
            .map_err(|source| WarehouseError::Publication { path: path.to_string(), source })?;
        let only_if_absent = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.storage.store.put_opts(&path, document.into(), only_if_absent).await {
            Ok(_) => Ok(()),
            // a store whose answer was lost is asked again, and then finds what it has written
            Err(object_store::Error::AlreadyExists { .. }) if self.read(&path).await? == *publication => {
                Ok(())
            }
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

/// Whether an object is a publication's document, and no copy of one under a name of somebody's choice.
fn is_document(path: &Path) -> bool {
    let number = path.filename().and_then(|name| name.strip_suffix(".json"));
    number.is_some_and(|number| number.len() == DIGITS && number.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_publication_that_is_written_again_is_the_same_and_another_of_its_number_is_refused() {
        let store = Arc::new(InMemory::new());
        let storage = Storage { store, prefix: Path::from("w"), url: "memory:///w/".parse().unwrap() };
        let publications = Publications::new(storage);
        let mut publication = Publication { number: 1, ..Publication::default() };
        publications.add(&publication).await.unwrap();
        // as a client does whose answer was lost
        publications.add(&publication).await.unwrap();
        publication.draft.run_id = 2;
        let refused = publications.add(&publication).await.unwrap_err();
        assert!(matches!(refused, WarehouseError::Overtaken { number: 1 }), "{refused}");
        assert_eq!(publications.latest().await.unwrap().unwrap().draft.run_id, 0);
    }
}
