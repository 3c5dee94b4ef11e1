//! A warehouse's place on an object store.

use std::sync::Arc;

use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use url::Url;

use crate::WarehouseError;

/// An object store and the prefix in it below which a warehouse lies.
#[derive(Clone, Debug)]
pub struct Storage {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    pub(crate) url: Url,
}

impl Storage {
    /// Opens `file:///…` (created when absent) or `s3://bucket/…` (credentials and endpoint from the
    /// `AWS_…` environment).
    ///
    /// # Errors
    /// [`WarehouseError::Location`] when the URL is of another kind or the folder cannot be made.
    pub fn open(url: &Url) -> Result<Self, WarehouseError> {
        let wrong = |problem: String| WarehouseError::Location { url: url.to_string(), problem };
        let mut url = url.clone();
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        let store: Arc<dyn ObjectStore> = match url.scheme() {
            "file" => {
                let folder =
                    url.to_file_path().map_err(|()| wrong("write it as file:///folder".to_owned()))?;
                std::fs::create_dir_all(&folder).and_then(|()| std::fs::read_dir(&folder)).map_err(
                    |error| wrong(format!("{error}; name a folder that this user may read and write")),
                )?;
                Arc::new(LocalFileSystem::new())
            }
            "s3" => {
                let builder = AmazonS3Builder::from_env().with_url(url.as_str());
                Arc::new(builder.build().map_err(|error| wrong(error.to_string()))?)
            }
            _ => return Err(wrong("use a file:///… or s3://… URL".to_owned())),
        };
        let prefix = Path::from_url_path(url.path()).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { store, prefix, url })
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

    pub(crate) fn read_error(&self, source: object_store::Error) -> WarehouseError {
        WarehouseError::Storage { action: "read", url: self.url.clone(), source }
    }

    pub(crate) fn write_error(&self, source: object_store::Error) -> WarehouseError {
        WarehouseError::Storage { action: "write", url: self.url.clone(), source }
    }
}
