//! A warehouse's place on an object store.

use std::path::Path as FilePath;
use std::sync::Arc;

use daybook_storage::StorageOptions;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

use crate::{Check, WarehouseError};

/// An object that is written to see whether one can be.
const PROBE: &str = "daybook-doctor";

/// An object store and the prefix in it below which a warehouse lies.
#[derive(Clone, Debug)]
pub struct Storage {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    pub(crate) url: Url,
}

impl Storage {
    /// Opens `file:///…` (created when absent) or `s3://bucket/…`.
    ///
    /// # Errors
    /// [`WarehouseError::Location`] when the URL is of another kind or the folder cannot be made.
    pub fn open(url: &Url, options: &StorageOptions) -> Result<Self, WarehouseError> {
        let mut url = url.clone();
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let place = daybook_storage::Storage::open(&url, options)?;
        if let ("file", Ok(folder)) = (url.scheme(), url.to_file_path()) {
            make_folder(&folder)
                .map_err(|problem| WarehouseError::Location { url: url.to_string(), problem })?;
        }
        Ok(Self { store: place.store(), prefix: place.path().clone(), url })
    }

    /// The object store; paths in it start at its root.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The path of `name` below the warehouse.
    pub fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), |path, part| path.join(part))
    }

    /// The URL of the object at `path`, counted from the store's root.
    pub(crate) fn object_url(&self, path: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(path);
        url.to_string()
    }

    /// The URL of the folder `name` below the warehouse.
    pub(crate) fn folder_url(&self, name: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{name}/", self.url.path()));
        url
    }

    /// Whether objects can be written, read and removed here.
    pub(crate) async fn diagnose(&self) -> Check {
        let what = format!("objects below {}", self.url);
        match self.keep_for_a_moment(&self.path(PROBE)).await {
            Ok(()) => Check::passed(what),
            Err(error) => {
                let remedy = match self.url.scheme() {
                    "file" => "Let this user read and write the folder.".to_owned(),
                    _ => format!(
                        "Check the AWS_… variables, and allow s3:GetObject, s3:PutObject, s3:DeleteObject and \
                         s3:ListBucket below {}.",
                        self.url
                    ),
                };
                Check::failed(what, error, remedy)
            }
        }
    }

    async fn keep_for_a_moment(&self, path: &Path) -> Result<(), WarehouseError> {
        let written = self.store.put(path, PROBE.into()).await;
        written.map_err(|error| self.write_error(error))?;
        let read = self.store.get(path).await.map_err(|error| self.read_error(error))?;
        read.bytes().await.map_err(|error| self.read_error(error))?;
        self.store.delete(path).await.map_err(|error| self.write_error(error))
    }

    pub(crate) fn read_error(&self, source: object_store::Error) -> WarehouseError {
        WarehouseError::Storage { action: "read", url: self.url.clone(), source: Box::new(source) }
    }

    pub(crate) fn write_error(&self, source: object_store::Error) -> WarehouseError {
        WarehouseError::Storage { action: "write", url: self.url.clone(), source: Box::new(source) }
    }
}

fn make_folder(folder: &FilePath) -> Result<(), String> {
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::read_dir(folder))
        .map(drop)
        .map_err(|error| format!("{error}; name a folder that this user may read and write"))
}
