//! A database of its own for each test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use daybook_local_postgres::{LocalPostgres, Settings};
use sqlx::{Connection, PgConnection};

use crate::TestkitError;
use crate::error::refused;
use crate::watchdog::Watchdog;

/// The process's server: made by the first test that needs a database, gone when the process ends.
static SERVER: OnceLock<Result<TestServer, String>> = OnceLock::new();

static DATABASES: AtomicU32 = AtomicU32::new(0);

/// An empty database on a private throwaway PostgreSQL.
///
/// All databases of a test process share one server, which stops, with everything in it, when the process ends,
/// however it ends. Nothing else is shared: no pool, no connection, so each test may have a runtime of its own.
#[derive(Clone, Debug)]
pub struct TestDatabase {
    url: String,
}

impl TestDatabase {
    /// Makes an empty database; the first call in a process starts the server, which takes a second or two.
    ///
    /// # Errors
    /// When PostgreSQL's server programs aren't installed or the server does not start.
    pub async fn create() -> Result<Self, TestkitError> {
        let server = tokio::task::spawn_blocking(TestServer::get)
            .await
            .map_err(|error| TestkitError::Server(error.to_string()))??;
        let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&server.url_of("postgres")).await?;
        // The name is made here, of a word and a number.
        let statement = sqlx::AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(statement).execute(&mut connection).await?;
        connection.close().await?;
        Ok(Self { url: server.url_of(&name) })
    }

    /// The database's URL, for a superuser.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

struct TestServer {
    postgres: LocalPostgres,
    _watchdog: Watchdog,
}

impl TestServer {
    fn get() -> Result<&'static Self, TestkitError> {
        let started = SERVER.get_or_init(|| Self::start().map_err(|error| error.to_string()));
        started.as_ref().map_err(|error| TestkitError::Server(error.clone()))
    }

    /// The watchdog comes first: a process that is killed while it starts the server leaves nothing either.
    fn start() -> Result<Self, TestkitError> {
        let name = format!("daybook-test-{}-{:08x}", std::process::id(), unique());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).map_err(refused("make", &folder))?;
        let watchdog = Watchdog::over(&folder).map_err(refused("run", Path::new("/bin/sh")))?;
        // When the tests run as root, the server runs as a user that must get in.
        let mode = fs::Permissions::from_mode(0o711);
        fs::set_permissions(&folder, mode).map_err(refused("change the mode of", &folder))?;
        let postgres = LocalPostgres::start(&folder, &Settings::throwaway())?;
        Ok(Self { postgres, _watchdog: watchdog })
    }

    fn url_of(&self, database: &str) -> String {
        self.postgres.url_of(database)
    }
}

/// Tells this process from an earlier one with the same number.
fn unique() -> u32 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos())
}
