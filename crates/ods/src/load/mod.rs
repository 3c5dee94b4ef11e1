//! Loading: batches of CSV files and files of events, from a directory or an object store.
//!
//! A batch is one database transaction, its row in the ledger included: a load that is killed leaves nothing.
//! Loads take their turns, whatever process runs them; within a turn, batches that have nothing in common are loaded
//! side by side, all others in their order. Memory does not grow with the files.

mod admission;
mod apply;
mod aws_s3;
mod batch;
mod content;
pub(crate) mod csv;
pub(crate) mod discover;
mod grammar;
mod head;
pub(crate) mod header;
mod heal;
pub(crate) mod json;
mod keys;
#[cfg(any(test, fuzzing))]
pub(crate) mod laws;
mod ledger;
pub(crate) mod location;
mod place;
pub(crate) mod reject;
mod report;
mod route;
mod rows;
mod settled;
pub(crate) mod source;
mod stage;
mod timestamp;
mod turn;
pub(crate) mod value;
pub(crate) mod window;

use chrono::TimeDelta;
use daybook_model::BusinessTimezone;
use daybook_storage::StorageOptions;
use object_store::ObjectStore;
use sqlx::PgConnection;
use url::Url;

use crate::{Ods, OdsError};
use aws_s3::Importer;
use batch::Loader;
use discover::Batch;
use location::Location;

pub use heal::HealMetrics;
pub use place::{place_below, place_of_object};
pub use report::{FileReport, LoadEvent, LoadOutcome, LoadReport};
pub use route::LoadRoute;
pub use settled::Settled;

/// What a load needs to know of the shop.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// The statuses that mean *paid*.
    pub paid_statuses: Vec<String>,
    /// The share of bad rows above which a batch is refused whole.
    pub max_reject_ratio: f64,
    /// The time zone of the business dates that the ledger notes.
    pub timezone: BusinessTimezone,
    /// How long half a pair may wait for its other half before that is worth a warning.
    pub pair_patience: TimeDelta,
    /// How to reach the object stores that files come from.
    pub storage: StorageOptions,
    /// Who reads the files.
    pub route: LoadRoute,
}

impl Default for LoadOptions {
    fn default() -> Self {
        Self {
            paid_statuses: vec!["success".to_owned()],
            max_reject_ratio: 0.5,
            timezone: BusinessTimezone::UTC,
            pair_patience: TimeDelta::hours(1),
            storage: StorageOptions::default(),
            route: LoadRoute::default(),
        }
    }
}

impl Ods {
    /// Loads what lies at `uri`: a batch directory, a prefix with batch directories and event files at any depth, or
    /// one event file. Batches come first, in name order, then variant updates, then payments.
    ///
    /// What was loaded before is not loaded again. A refused batch does not keep the others from being loaded;
    /// `progress` hears of what is read, and of each batch, in their order, as soon as it is done.
    ///
    /// # Errors
    ///
    /// When there is nothing to load, or when the database or the object store fails; the batches before are
    /// stored then, the failed one is not, and later ones may be.
    pub async fn load(
        &self,
        uri: &Url,
        options: &LoadOptions,
        progress: &(dyn Fn(LoadEvent<'_>) + Sync),
    ) -> Result<Vec<LoadReport>, OdsError> {
        self.load_again(uri, options, &Settled::default(), progress).await
    }

    /// Loads like [`Ods::load`], for one who does it again and again: what this `settled` remembers is reported as it
    /// was, without being read again.
    ///
    /// # Errors
    ///
    /// As [`Ods::load`].
    pub async fn load_again(
        &self,
        uri: &Url,
        options: &LoadOptions,
        settled: &Settled,
        progress: &(dyn Fn(LoadEvent<'_>) + Sync),
    ) -> Result<Vec<LoadReport>, OdsError> {
        let location = Location::parse(uri, &options.storage)?;
        let importer = Importer::of(&location, options)?;
        let batches = discover::discover(&location).await?;
        let mut loader = Loader::of(self, location.store.as_ref(), options, progress, settled);
        loader.importer = importer;
        // before others are waited for, who may find new batches meanwhile
        loader.forget_held_back(&location, &batches).await?;
        self.heal_parked(options.timezone).await?;
        loader.load_all(batches).await
    }

    /// Loads batches that nothing is known of yet.
    pub(crate) async fn load_batches(
        &self,
        store: &dyn ObjectStore,
        batches: &[Batch],
        options: &LoadOptions,
        progress: &(dyn Fn(LoadEvent<'_>) + Sync),
    ) -> Result<Vec<LoadReport>, OdsError> {
        Loader::of(self, store, options, progress, &Settled::default()).load_new(batches).await
    }
}

/// Why a batch's transaction ends early.
pub(crate) enum Stop {
    AlreadyLoaded { content_hash: String },
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
    prefer_indexes(connection).await?;
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('daybook.load', 0))")
        .execute(connection)
        .await?;
    Ok(())
}

/// A load touches few rows of large tables: looking them up by index beats scanning, which the server's default for
/// spinning disks would prefer.
pub(crate) async fn prefer_indexes(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select set_config('random_page_cost', '1.1', true)").execute(connection).await?;
    Ok(())
}
