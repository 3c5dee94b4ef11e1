//! Where files lie: a directory of this machine, or S3.

use std::sync::Arc;

use daybook_storage::{Storage, StorageOptions};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use url::Url;

use crate::OdsError;

/// A place in an object store.
pub(crate) struct Location {
    pub(crate) store: Arc<dyn ObjectStore>,
    storage: Storage,
}

/// What lies at a [`Location`].
pub(crate) enum Contents {
    /// One object.
    File(ObjectMeta),
    /// All objects below it, at any depth, in no order.
    Prefix(Vec<ObjectMeta>),
}

impl Location {
    pub(crate) fn parse(uri: &Url, options: &StorageOptions) -> Result<Self, OdsError> {
        let storage = Storage::open(uri, options)?;
        Ok(Self { store: storage.store(), storage })
    }

    /// The URI of one of the store's paths.
    pub(crate) fn uri_of(&self, path: &str) -> String {
        self.storage.uri_of(path)
    }

    /// The path itself, when it stands for a batch directory.
    pub(crate) fn path(&self) -> &Path {
        self.storage.path()
    }

    /// The bucket, if it lies in one.
    pub(crate) fn bucket(&self) -> Option<&str> {
        self.uri().host_str().filter(|_| matches!(self.uri().scheme(), "s3" | "s3a"))
    }

    fn uri(&self) -> &Url {
        self.storage.url()
    }

    /// Looks at what is there.
    pub(crate) async fn contents(&self) -> Result<Contents, OdsError> {
        if !self.uri().path().ends_with('/') {
            match self.store.head(self.path()).await {
                Ok(object) => return Ok(Contents::File(object)),
                // A directory is no object: stores differ in how they say so.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(_) if self.is_local_directory() => {}
                Err(source) => return Err(self.failed(source)),
            }
        }
        let objects: Vec<ObjectMeta> = match self.store.list(Some(self.path())).try_collect().await {
            Ok(objects) => objects,
            // Of a bucket only the bucket itself can be missing.
            Err(object_store::Error::NotFound { .. }) if self.uri().scheme() == "file" => Vec::new(),
            Err(source) => return Err(self.failed(source)),
        };
        if objects.is_empty() && !self.is_local_directory() {
            return Err(OdsError::NotFound(self.uri().to_string()));
        }
        Ok(Contents::Prefix(objects))
    }

    /// An empty directory is there all the same; an empty prefix of an object store is not.
    fn is_local_directory(&self) -> bool {
        self.uri().to_file_path().is_ok_and(|path| path.is_dir())
    }

    fn failed(&self, source: object_store::Error) -> OdsError {
        OdsError::Store { path: self.uri().to_string(), source }
    }
}
