//! Where files lie: a directory of this machine, or S3.

use std::sync::Arc;

use futures::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use url::Url;

use crate::OdsError;

/// A place in an object store.
pub(crate) struct Location {
    pub(crate) store: Arc<dyn ObjectStore>,
    path: Path,
    /// What a path of the store begins with, as a URI.
    root: String,
    uri: Url,
}

/// What lies at a [`Location`].
pub(crate) enum Contents {
    /// One object.
    File(ObjectMeta),
    /// All objects below it, at any depth, in no order.
    Prefix(Vec<ObjectMeta>),
}

impl Location {
    pub(crate) fn parse(uri: &Url) -> Result<Self, OdsError> {
        match uri.scheme() {
            "file" => Self::local(uri),
            "s3" | "s3a" => Self::s3(uri),
            scheme => Err(location(uri, format!("'{scheme}' is neither file nor s3"))),
        }
    }

    fn local(uri: &Url) -> Result<Self, OdsError> {
        let directory =
            uri.to_file_path().map_err(|()| location(uri, "write it as file:///absolute/path".to_owned()))?;
        let path = Path::from_absolute_path(directory).map_err(|error| location(uri, error.to_string()))?;
        let store = Arc::new(LocalFileSystem::new());
        Ok(Self { store, path, root: "file:///".to_owned(), uri: uri.clone() })
    }

    fn s3(uri: &Url) -> Result<Self, OdsError> {
        let store = AmazonS3Builder::from_env()
            .with_url(uri.as_str())
            .build()
            .map_err(|error| location(uri, error.to_string()))?;
        let path = Path::from_url_path(uri.path()).map_err(|error| location(uri, error.to_string()))?;
        let root = format!("{}://{}/", uri.scheme(), uri.host_str().unwrap_or_default());
        Ok(Self { store: Arc::new(store), path, root, uri: uri.clone() })
    }

    /// The URI of one of the store's paths.
    pub(crate) fn uri_of(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// The path itself, when it stands for a batch directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks at what is there.
    pub(crate) async fn contents(&self) -> Result<Contents, OdsError> {
        if !self.uri.path().ends_with('/') {
            match self.store.head(&self.path).await {
                Ok(object) => return Ok(Contents::File(object)),
                // A directory is no object: stores differ in how they say so.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(_) if self.is_local_directory() => {}
                Err(source) => return Err(self.failed(source)),
            }
        }
        let objects: Vec<ObjectMeta> = match self.store.list(Some(&self.path)).try_collect().await {
            Ok(objects) => objects,
            Err(object_store::Error::NotFound { .. }) => Vec::new(),
            Err(source) => return Err(self.failed(source)),
        };
        if objects.is_empty() && !self.is_local_directory() {
            return Err(OdsError::NotFound(self.uri.to_string()));
        }
        Ok(Contents::Prefix(objects))
    }

    /// An empty directory is there all the same; an empty prefix of an object store is not.
    fn is_local_directory(&self) -> bool {
        self.uri.to_file_path().is_ok_and(|path| path.is_dir())
    }

    fn failed(&self, source: object_store::Error) -> OdsError {
        OdsError::Store { path: self.uri.to_string(), source }
    }
}

fn location(uri: &Url, reason: String) -> OdsError {
    OdsError::Location { uri: uri.to_string(), reason }
}
