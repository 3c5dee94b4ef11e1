//! What can go wrong with the operational data store, each in one line that says what to do.

use std::borrow::Cow;

use daybook_storage::{StorageError, explain};

/// An error of the operational data store.
///
/// Rows that break the contract are not errors: they are stored as rejected rows.
#[derive(Debug, thiserror::Error)]
pub enum OdsError {
    /// The connection string cannot be read. The string itself is not shown, for it may hold a password.
    #[error(
        "the ODS url is not a PostgreSQL connection string ({0}): write it as postgres://user:password@host:5432/database"
    )]
    Url(String),
    /// No server answers, or not in time.
    #[error("cannot reach PostgreSQL at {server}: {reason}; start it, or correct the ODS url")]
    Unreachable {
        /// Host, port and database, without user and password.
        server: String,
        /// What happened, in a few words.
        reason: String,
    },
    /// The server answers, but lets nobody in with these credentials or to this database.
    #[error(
        "PostgreSQL at {server} refuses the connection: {reason}; correct the user, password or database of the ODS url"
    )]
    ConnectionRefused {
        /// Host, port and database, without user and password.
        server: String,
        /// The server's own words.
        reason: String,
    },
    /// The server answers, but has no connection left.
    #[error(
        "PostgreSQL at {server} has no connection left: end what holds so many, or raise its max_connections"
    )]
    Full {
        /// Host, port and database, without user and password.
        server: String,
    },
    /// The database has no Daybook schema, or an older one.
    #[error("the database lacks Daybook's tables, or has older ones ({0}): run `daybook init`")]
    NotMigrated(String),
    /// A migration failed.
    #[error("cannot migrate the ODS: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A parent row went away, or another writer was in the way, while rows were written.
    #[error("another writer changed the same rows ({0}); nothing was stored: try again")]
    Conflict(String),
    /// Somebody keeps rows locked, or the statement took too long.
    #[error("PostgreSQL gave up waiting ({0}); nothing was stored: try again")]
    GaveUp(String),
    /// PostgreSQL refused or lost a statement.
    #[error("PostgreSQL failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The URI is of a kind that cannot be loaded.
    #[error("cannot load {uri}: {reason}")]
    Location {
        /// What was to be loaded.
        uri: String,
        /// What is wrong with it, and what to write instead.
        reason: String,
    },
    /// There is nothing at the URI.
    #[error("cannot load {0}: there is no such file, directory or prefix")]
    NotFound(String),
    /// The prefix exists, but nothing in it can be loaded.
    #[error(
        "cannot load {0}: it holds no batch (orders.csv + order_lines.csv, or product.csv + variant.csv) \
         and no event file (transactions*.ndjson or variant_updates*.ndjson)"
    )]
    NothingToLoad(String),
    /// An object cannot be read or written.
    #[error("cannot access {path}: {}", explain(source))]
    Store {
        /// Which object.
        path: String,
        /// Why.
        source: object_store::Error,
    },
    /// Two tokens cannot be told apart.
    #[error("a token named '{0}' is in force: revoke it first, or choose another name")]
    TokenExists(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// A file cannot be written.
    #[error("cannot write {path}: {}", write_reason(source))]
    Write {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The server cannot import an object by its extension `aws_s3`.
    #[error("PostgreSQL cannot import {path}: {reason}")]
    Import {
        /// Which object.
        path: String,
        /// What is wrong, and what to do about it.
        reason: String,
    },
    /// A stream broke off.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which object.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A batch failed for a reason that lies outside of it; nothing of it is stored.
    #[error("loading {uri}: {source}")]
    Batch {
        /// Which batch or event file.
        uri: String,
        /// Why.
        source: Box<OdsError>,
    },
    /// A table cannot be written as Parquet.
    #[error("cannot dump {table}: {reason}")]
    Dump {
        /// Which table of the dump.
        table: Cow<'static, str>,
        /// Why.
        reason: String,
    },
    /// What the warehouse handed over to be compared has another shape than the ODS.
    #[error("cannot compare the warehouse's {table} with the ODS: {reason}")]
    Held {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl OdsError {
    /// Whether the same may succeed later by itself: PostgreSQL or the object store is away, or somebody was in the way.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Batch { source, .. } => source.may_pass(),
            Self::Store { .. } | Self::Read { .. } | Self::Conflict(_) | Self::GaveUp(_) => true,
            error => error.is_outage(),
        }
    }

    /// Whether PostgreSQL is away, or lets nobody in any more, rather than unwilling: the same may succeed once it is
    /// back, or knows the user, the password and the database again.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::ConnectionRefused { .. } | Self::Full { .. } => true,
            Self::Batch { source, .. } => source.is_outage(),
            Self::Database(sqlx::Error::Database(error)) => {
                // lost connections, nobody let in, a server that starts or stops, too many connections, no database
                error.code().is_some_and(|code| {
                    ["08", "28", "57P"].iter().any(|class| code.starts_with(class))
                        || matches!(&*code, "53300" | "3D000")
                })
            }
            Self::Database(error) => matches!(
                error,
                sqlx::Error::Io(_)
                    | sqlx::Error::Tls(_)
                    | sqlx::Error::PoolTimedOut
                    | sqlx::Error::PoolClosed
                    | sqlx::Error::WorkerCrashed
            ),
            _ => false,
        }
    }
}

fn write_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => "it is there already: choose another folder".to_owned(),
        _ => error.to_string(),
    }
}

impl From<StorageError> for OdsError {
    fn from(error: StorageError) -> Self {
        Self::Location { uri: error.url, reason: error.problem }
    }
}

impl From<sqlx::Error> for OdsError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return Self::Database(error);
        };
        let message = || database.message().to_owned();
        match database.code().as_deref() {
            // undefined schema, table, column or function
            Some("3F000" | "42P01" | "42703" | "42883") => Self::NotMigrated(message()),
            // foreign key, serialization failure, deadlock
            Some("23503" | "40001" | "40P01") => Self::Conflict(message()),
            // lock_timeout, statement_timeout
            Some("55P03" | "57014") => Self::GaveUp(message()),
            _ => Self::Database(error),
        }
    }
}
