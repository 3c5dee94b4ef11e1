//! What keeps a test from having what it needs.

use std::io;
use std::path::{Path, PathBuf};

use daybook_local_postgres::LocalPostgresError;

/// Why a database, a bucket or a fixture could not be provided.
#[derive(Debug, thiserror::Error)]
pub enum TestkitError {
    /// The test process's private server did not start.
    #[error("no test database: {0}")]
    Server(String),
    /// The server refused to make a database.
    #[error("no test database: {0}")]
    Database(#[from] sqlx::Error),
    /// The S3 server could not be installed or started, or refused something.
    #[error("no test bucket: {0}")]
    Bucket(String),
    /// The stand-in for Snowflake could not be started.
    #[error("no test Snowflake: {0}")]
    Snowflake(String),
    /// A Python environment could not be made.
    #[error("no Python for tests: {0}")]
    Python(String),
    /// Node, or a package for it, is not there.
    #[error("no Node for tests: {0}")]
    Node(String),
    /// A fixture's archive isn't there.
    #[error("no test data in {}: put the archive there, or set {variable} to where it is", path.display())]
    NoArchive {
        /// Where it was looked for.
        path: PathBuf,
        /// The environment variable that points elsewhere.
        variable: &'static str,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl From<LocalPostgresError> for TestkitError {
    fn from(error: LocalPostgresError) -> Self {
        Self::Server(error.to_string())
    }
}

/// Says what was tried, and on what, when the operating system refuses.
pub(crate) fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TestkitError {
    move |source| TestkitError::Io { action, path: path.to_owned(), source }
}
