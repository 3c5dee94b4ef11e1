//! The connection to PostgreSQL.

use std::time::Duration;

use daybook_model::Clock;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use crate::OdsError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for one of the pool's own connections; loads and dumps hold theirs for minutes.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_CONNECTIONS: u32 = 10;

/// Longer than [`REQUEST_LOCK_TIMEOUT`]: whoever waits for a connection outlasts those who wait for a row.
const REQUEST_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
const REQUEST_LOCK_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_CONNECTIONS: u32 = 10;

/// The operational data store: the contract's tables in PostgreSQL, with Daybook's books beside them.
///
/// Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Ods {
    pool: PgPool,
    clock: Clock,
}

impl Ods {
    /// Connects to the database that `url` names.
    ///
    /// A clock that stands still is passed on to the server, so that the version triggers use it too.
    ///
    /// # Errors
    ///
    /// [`OdsError::Url`], [`OdsError::Unreachable`] within seconds, or [`OdsError::ConnectionRefused`].
    pub async fn connect(url: &str, clock: Clock) -> Result<Self, OdsError> {
        let options: PgConnectOptions =
            url.parse().map_err(|error: sqlx::Error| OdsError::Url(error.to_string()))?;
        // A load's statements are slow by nature; whoever calls this crate logs what matters.
        let options = options.application_name("daybook").disable_statement_logging();
        try_once(&options).await?;
        let pool = pool_options(clock)
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self { pool, clock })
    }

    /// Makes sure that the server answers. The pool would wait for one that is gone for a minute, and not say why.
    ///
    /// # Errors
    ///
    /// [`OdsError::Unreachable`] within seconds, or [`OdsError::ConnectionRefused`].
    pub async fn check_connection(&self) -> Result<(), OdsError> {
        try_once(&self.pool.connect_options()).await
    }

    /// Creates the schemas `ods` and `daybook`, or brings them up to date. Safe to repeat, and by several processes
    /// at once.
    ///
    /// # Errors
    ///
    /// [`OdsError::Migration`] when the schema was changed by hand or by a newer version.
    pub async fn migrate(&self) -> Result<(), OdsError> {
        let mut migrator = sqlx::migrate!();
        // The tables of other crates live in the same schema and have their own table of applied migrations.
        migrator.create_schema("daybook");
        migrator.dangerous_set_table_name("daybook.ods_migration");
        // Not the pool's: after a failure the migrator's lock stays with the connection, which closes here.
        let mut connection = self.pool.connect_options().connect().await?;
        let migrated = migrator.run_direct(None, &mut connection, false).await;
        connection.close().await?;
        Ok(migrated?)
    }

    /// The same database for requests that somebody waits for: with connections of its own, and an error within
    /// seconds when there is none to be had, or when a row stays locked, and after `limit` for any other statement.
    pub fn for_requests(&self, limit: Duration) -> Self {
        let clock = self.clock;
        let pool = PgPoolOptions::new()
            .after_connect(move |connection, _| Box::pin(prepare_for_request(connection, clock, limit)))
            .max_connections(REQUEST_CONNECTIONS)
            .acquire_timeout(REQUEST_ACQUIRE_TIMEOUT)
            .connect_lazy_with((*self.pool.connect_options()).clone());
        Self { pool, clock: self.clock }
    }

    /// The connections, for queries of one's own.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The clock that all of Daybook's times come from.
    pub fn clock(&self) -> Clock {
        self.clock
    }
}

fn pool_options(clock: Clock) -> PgPoolOptions {
    PgPoolOptions::new().after_connect(move |connection, _| Box::pin(prepare(connection, clock)))
}

/// The pool would retry a server that is not there until its own, longer timeout.
async fn try_once(options: &PgConnectOptions) -> Result<(), OdsError> {
    let attempt = tokio::time::timeout(CONNECT_TIMEOUT, options.connect());
    match attempt.await {
        Ok(Ok(connection)) => Ok(connection.close().await?),
        Ok(Err(error)) => Err(explain(options, error)),
        Err(_) => Err(OdsError::Unreachable {
            server: server_of(options),
            reason: format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()),
        }),
    }
}

fn explain(options: &PgConnectOptions, error: sqlx::Error) -> OdsError {
    let server = server_of(options);
    match error {
        // it starts or stops at this moment
        sqlx::Error::Database(error) if error.code().as_deref() == Some("57P03") => {
            OdsError::Unreachable { server, reason: error.message().to_owned() }
        }
        sqlx::Error::Database(error) if error.code().as_deref() == Some("53300") => OdsError::Full { server },
        sqlx::Error::Database(error) => {
            OdsError::ConnectionRefused { server, reason: error.message().to_owned() }
        }
        sqlx::Error::Io(error) => OdsError::Unreachable { server, reason: error.to_string() },
        error => OdsError::Unreachable { server, reason: error.to_string() },
    }
}

fn server_of(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

async fn prepare(connection: &mut PgConnection, clock: Clock) -> Result<(), sqlx::Error> {
    if let Some(now) = clock.fixed_at() {
        sqlx::query("select set_config('daybook.now', $1, false)")
            .bind(now.to_string())
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Requests give up before their clients do, and before they keep all connections from others.
async fn prepare_for_request(
    connection: &mut PgConnection,
    clock: Clock,
    limit: Duration,
) -> Result<(), sqlx::Error> {
    prepare(connection, clock).await?;
    let settings = "select set_config('lock_timeout', $1, false), set_config('statement_timeout', $2, false)";
    let millis = |duration: Duration| duration.as_millis().to_string();
    sqlx::query(settings).bind(millis(REQUEST_LOCK_TIMEOUT)).bind(millis(limit)).execute(connection).await?;
    Ok(())
}
