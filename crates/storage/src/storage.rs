//! A place in an object store.

use std::sync::Arc;

use futures::StreamExt;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use url::Url;

use crate::{StorageError, StorageOptions, explain, s3};

/// An object store, and the place in it that a URL names.
#[derive(Clone, Debug)]
pub struct Storage {
    store: Arc<dyn ObjectStore>,
    path: Path,
    url: Url,
    /// What a path of the store begins with, as a URI.
    root: String,
}

impl Storage {
    /// Opens `file:///folder`, `s3://bucket/prefix` or `s3a://bucket/prefix`. Nothing is made, and no server asked.
    ///
    /// # Errors
    /// When the URL is of another kind, or a variable cannot be understood.
    pub fn open(url: &Url, options: &StorageOptions) -> Result<Self, StorageError> {
        let (store, root): (Arc<dyn ObjectStore>, String) = match url.scheme() {
            "file" => (local(url)?, "file:///".to_owned()),
            "s3" | "s3a" => s3::open(url, options)?,
            scheme => {
                let problem =
                    format!("'{scheme}' is neither file nor s3: write file:///folder or s3://bucket/prefix");
                return Err(StorageError::new(url, problem));
            }
        };
        let path =
            Path::from_url_path(url.path()).map_err(|error| StorageError::new(url, error.to_string()))?;
        Ok(Self { store, path, url: url.clone(), root })
    }

    /// The object store; paths in it start at its root.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The path in the store that the URL names.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The URL, as it was given.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Asks whether objects can be listed here. A place that holds nothing yet is as good as any.
    ///
    /// # Errors
    /// What the store says, in words.
    pub async fn look(&self) -> Result<(), StorageError> {
        match self.store.list(Some(&self.path)).next().await {
            None | Some(Ok(_) | Err(object_store::Error::NotFound { .. })) => Ok(()),
            Some(Err(error)) => Err(StorageError::new(&self.url, explain(&error))),
        }
    }

    /// The URI of one of the store's paths, readable rather than percent-encoded: `s3://bucket/key`, `file:///key`.
    pub fn uri_of(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }
}

fn local(url: &Url) -> Result<Arc<dyn ObjectStore>, StorageError> {
    if url.to_file_path().is_err() {
        return Err(StorageError::new(url, "write it as file:///absolute/path"));
    }
    // a folder without files is nothing, as in an object store
    Ok(Arc::new(LocalFileSystem::new().with_automatic_cleanup(true)))
}
