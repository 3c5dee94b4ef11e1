//! The record of runs, and the lock that lets one run at a time.

mod history;
mod lock;
mod record;

use sqlx::{ConnectOptions, Connection, PgPool};

use crate::PipelineError;

pub(crate) use history::in_words;
pub use history::{FailedTest, RunStep, RunSummary, count, failed_tests, find, last_failed_tests, list};
pub(crate) use lock::RunLock;
pub use lock::is_under_way;
pub(crate) use record::RunRecord;
pub use record::RunState;

/// Creates the run tables, or brings them up to date; the ODS must be migrated before. Safe to repeat.
///
/// # Errors
/// [`PipelineError::Migration`] when the tables were changed by hand or by a newer version.
pub async fn migrate(pool: &PgPool) -> Result<(), PipelineError> {
    let mut migrator = sqlx::migrate!();
    migrator.dangerous_set_table_name("daybook.run_migration");
    // not the pool's: after a failure the migrator's lock stays with the connection, which closes here
    let mut connection = pool.connect_options().connect().await?;
    let migrated = migrator.run_direct(None, &mut connection, false).await;
    connection.close().await?;
    Ok(migrated?)
}
