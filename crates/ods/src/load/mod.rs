//! Loading: batches of CSV files and files of events, from a directory or an object store.
//!
//! A batch is one database transaction, its row in the ledger included: a load that is killed leaves nothing.
//! Loads take their turns, whatever process runs them. Memory does not grow with the files.

mod apply;
mod batch;
mod csv;
mod discover;
mod header;
mod heal;
mod json;
mod ledger;
mod location;
mod reject;
mod report;
mod rows;
mod source;
mod stage;
mod timestamp;
mod value;
mod window;

use daybook_model::BusinessTimezone;
use daybook_storage::StorageOptions;
use sqlx::PgConnection;
use url::Url;

use crate::{Ods, OdsError};
use location::Location;

pub use heal::HealMetrics;
pub use report::{FileReport, LoadOutcome, LoadReport};

/// What a load needs to know of the shop.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The statuses that mean *paid*.
    pub paid_statuses: Vec<String>,
    /// The share of bad rows above which a batch is refused whole.
    pub max_reject_ratio: f64,
    /// The time zone of the business dates that the ledger notes.
    pub timezone: BusinessTimezone,
    /// How to reach the object stores that files come from.
    pub storage: StorageOptions,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            paid_statuses: vec!["success".to_owned()],
            max_reject_ratio: 0.5,
            timezone: BusinessTimezone::UTC,
            storage: StorageOptions::default(),
        }
    }
}

impl Ods {
    /// Loads what lies at `uri`: a batch directory, a prefix with batch directories and event files at any depth, or
    /// one event file. Batches come first, in name order, then variant updates, then payments.
    ///
    /// What was loaded before is not loaded again. A refused batch does not keep the others from being loaded;
    /// `progress` hears of each batch as soon as it is done.
    ///
    /// # Errors
    ///
    /// When there is nothing to load, or when the database or the object store fails; the batches before are
    /// stored then, the failed one is not.
    pub async fn load(
        &self,
        uri: &Url,
        options: &LoadOptions,
        progress: &(dyn Fn(&LoadReport) + Sync),
    ) -> Result<Vec<LoadReport>, OdsError> {
        let location = Location::parse(uri, &options.storage)?;
        let batches = discover::discover(&location).await?;
        self.heal_parked(options.timezone).await?;
        let mut reports = Vec::with_capacity(batches.len());
        for batch in &batches {
            let report = batch::load_batch(self, location.store.as_ref(), batch, options)
                .await
                .map_err(|source| OdsError::Batch { uri: batch.uri.clone(), source: Box::new(source) })?;
            progress(&report);
            reports.push(report);
        }
        Ok(reports)
    }
}

/// Why a batch's transaction ends early.
pub(crate) enum Stop {
    AlreadyLoaded,
    Refused(String),
    Failed(OdsError),
}

impl From<OdsError> for Stop {
    fn from(error: OdsError) -> Self {
        Self::Failed(error)
    }
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Waits until no other load, heal or expiry is at work; the turn ends with the transaction.
pub(crate) async fn serialize_loads(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    // A load touches few rows of large tables: looking them up by index beats scanning, which the server's default
    // for spinning disks would prefer.
    sqlx::query("select set_config('random_page_cost', '1.1', true)").execute(&mut *connection).await?;
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('daybook.load', 0))")
        .execute(connection)
        .await?;
    Ok(())
}
