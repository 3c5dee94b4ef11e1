//! One run at a time, across processes.

use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use crate::PipelineError;

/// Arbitrary numbers that no other advisory lock of Daybook uses.
const RUN_LOCK: i64 = 0x6461_7962_6f6f_6b01;
const LOOK_LOCK: i64 = 0x6461_7962_6f6f_6b02;

/// The right to run; PostgreSQL takes it back when this process ends, however it ends.
pub(crate) struct RunLock {
    connection: PgConnection,
}

impl RunLock {
    /// Takes the lock, or says at once that somebody else holds it.
    pub(crate) async fn acquire(pool: &PgPool) -> Result<Self, PipelineError> {
        // a connection of its own: the lock lives as long as the session
        let mut connection = pool.connect_options().connect().await?;
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(RUN_LOCK)
            .fetch_one(&mut connection)
            .await?;
        if taken { Ok(Self { connection }) } else { Err(PipelineError::Busy) }
    }

    /// Takes the right to look at what a run would do, and waits for whoever looks already. Runs go on meanwhile.
    pub(crate) async fn look(pool: &PgPool) -> Result<Self, PipelineError> {
        let mut connection = pool.connect_options().connect().await?;
        sqlx::query("select pg_advisory_lock($1)").bind(LOOK_LOCK).execute(&mut connection).await?;
        Ok(Self { connection })
    }

    /// Makes sure that the lock is still held: with its session it may have been lost, and taken by another.
    pub(crate) async fn check(&mut self) -> Result<(), PipelineError> {
        Ok(self.connection.ping().await?)
    }

    /// Gives the lock back after the work under it, whose failure matters more than what goes wrong here.
    pub(crate) async fn release<T>(self, done: Result<T, PipelineError>) -> Result<T, PipelineError> {
        let released = self.connection.close().await;
        let done = done?;
        released?;
        Ok(done)
    }
}

/// Whether any process holds the lock, without taking it.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn is_under_way(pool: &PgPool) -> Result<bool, PipelineError> {
    let query = sqlx::query_scalar(include_str!("../../queries/run/is_under_way.sql"));
    Ok(query.bind(RUN_LOCK).fetch_one(pool).await?)
}
