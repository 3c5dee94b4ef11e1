//! One batch, one database transaction: whole or not at all.

use std::hash::RandomState;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use chrono::NaiveDateTime;
use daybook_model::contract::Table;
use object_store::ObjectStore;
use sqlx::PgConnection;

use super::admission::Place;
use super::apply::{Applied, Context, apply, mark_moved};
use super::aws_s3::Importer;
use super::discover::{Batch, Format};
use super::keys::Hints;
use super::ledger::HeldBack;
use super::report::{FileReport, LoadOutcome, LoadReport};
use super::route::Arrived;
use super::settled::Settled;
use super::stage::{Counts, Staged, analyze, count, for_stage, knows_ids};
use super::{LoadEvent, LoadOptions, Stop, ledger, prefer_indexes};
use crate::{Ods, OdsError};

/// What the loads of one turn share.
pub(crate) struct Loader<'a> {
    pub(crate) ods: &'a Ods,
    pub(crate) store: &'a dyn ObjectStore,
    /// Lets the server read files, where it can and shall.
    pub(crate) importer: Option<Importer>,
    pub(crate) options: &'a LoadOptions,
    pub(crate) progress: &'a (dyn Fn(LoadEvent<'_>) + Sync),
    pub(crate) settled: &'a Settled,
    pub(crate) hasher: RandomState,
}

/// Somebody else's transaction is over within moments, or the server has given one of the two up.
fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(8)
        .with_jitter()
}

impl<'a> Loader<'a> {
    pub(crate) fn of(
        ods: &'a Ods,
        store: &'a dyn ObjectStore,
        options: &'a LoadOptions,
        progress: &'a (dyn Fn(LoadEvent<'_>) + Sync),
        settled: &'a Settled,
    ) -> Self {
        Self { ods, store, importer: None, options, progress, settled, hasher: RandomState::new() }
    }

    /// Loads one batch, unless its content was loaded before; again when other writers were in the way.
    pub(crate) async fn load(&self, batch: &Batch, place: Place<'_>) -> Result<LoadReport, OdsError> {
        let started_at = self.ods.clock().now();
        let attempt = || self.load_in_transaction(batch, &place, started_at);
        let in_the_way = |stop: &Stop| matches!(stop, Stop::Failed(OdsError::Conflict(_)));
        match attempt.retry(backoff()).when(in_the_way).await {
            Ok(report) => Ok(report),
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::AlreadyLoaded { content_hash }) => {
                self.note_known(batch, &content_hash).await?;
                self.settled.note(batch, LoadOutcome::AlreadyLoaded, Some(content_hash));
                Ok(LoadReport::of(batch, LoadOutcome::AlreadyLoaded))
            }
            Err(Stop::Refused(message)) => {
                let (pool, now) = (self.ods.pool(), self.ods.clock().now());
                ledger::hold_back(pool, &batch.uri, HeldBack::Refused(&message), started_at, now).await?;
                let outcome = LoadOutcome::Refused { message };
                self.settled.note(batch, outcome.clone(), None);
                Ok(LoadReport::of(batch, outcome))
            }
        }
    }

    /// Writes down what it means that the batch's content was loaded before.
    async fn note_known(&self, batch: &Batch, content_hash: &str) -> Result<(), sqlx::Error> {
        let mut connection = self.ods.pool().acquire().await?;
        ledger::release(&mut connection, &[batch.uri.as_str()]).await?;
        if let Some(replay) = &batch.replay {
            ledger::link_known_replay(&mut connection, content_hash, replay).await?;
        }
        Ok(())
    }

    async fn load_in_transaction(
        &self,
        batch: &Batch,
        place: &Place<'_>,
        started_at: NaiveDateTime,
    ) -> Result<LoadReport, Stop> {
        if let Some((one, other)) = batch.ambiguous() {
            return Err(Stop::Refused(format!("{one} and {other} are for the same table: keep one")));
        }
        let mut txn = self.ods.pool().begin().await?;
        prefer_indexes(&mut txn).await?;
        let Arrived { staged, keys, detour } = self.stage(&mut txn, batch).await?;
        let hints = keys.hints();
        place.admit(keys).await;
        let content_hash = ledger::content_hash(&staged);
        if ledger::knows_content(&mut txn, &content_hash).await? {
            return Err(Stop::AlreadyLoaded { content_hash });
        }
        let known = judge(&mut txn, batch, &staged, hints, self.options).await?;
        let load_id = ledger::open(&mut txn, &batch.uri, &content_hash, started_at).await?;
        let context = Context {
            load_id,
            now: started_at,
            timezone: self.options.timezone,
            paid_statuses: &self.options.paid_statuses,
            files: staged.iter().map(|s| (s.file.table, s.file.name.clone())).collect(),
            known,
            hints,
            batch_time: batch.replay.as_ref().and_then(|replay| replay.batch_time),
        };
        let applied = apply(&mut txn, &context).await?;
        let files = account(&mut txn, &context, &staged, &applied).await?;
        if let Some(replay) = &batch.replay {
            ledger::link_replay(&mut txn, load_id, replay).await?;
        }
        ledger::close(&mut txn, load_id, &applied, self.ods.clock().now()).await?;
        txn.commit().await?;
        let outcome = LoadOutcome::Loaded { load_id };
        let mut report = LoadReport { files, healed: applied.healed, ..LoadReport::of(batch, outcome) };
        report.warnings.extend(detour);
        Ok(report)
    }
}

impl LoadReport {
    pub(crate) fn of(batch: &Batch, outcome: LoadOutcome) -> Self {
        Self {
            uri: batch.uri.clone(),
            outcome,
            files: Vec::new(),
            healed: 0,
            warnings: batch.warnings.clone(),
        }
    }
}

/// Marks the rows that contradict each other or what is stored, and refuses a batch that has too many bad ones.
/// Gives the tables that hold some of the batch's ids already.
async fn judge(
    connection: &mut PgConnection,
    batch: &Batch,
    staged: &[Staged],
    hints: Hints,
    options: &LoadOptions,
) -> Result<Vec<Table>, Stop> {
    let mut known = Vec::new();
    let (mut rows, mut rejected) = (0, 0);
    for staged in staged {
        let table = staged.file.table;
        let is_known = knows_ids(connection, table).await?;
        if is_known {
            known.push(table);
        }
        if is_known || !hints.ids_are_unique || !hints.parents_are_included {
            analyze(connection, staged).await?;
        }
        // Several events of one id in a file are its history, not a contradiction.
        let is_history = staged.file.format == Format::Events || batch.brings_events_again();
        if !is_history && !hints.ids_are_unique {
            let query = include_str!("../../queries/stage/mark_duplicates.sql");
            sqlx::query(for_stage(query, table)).execute(&mut *connection).await?;
        }
        if is_known && table == Table::OrderLines {
            mark_moved(connection).await?;
        }
        let counts = count(connection, table).await?;
        rows += counts.staged;
        rejected += counts.rejected;
    }
    // whoever replays rows looks at each of them
    if batch.replay.is_none() && rejected as f64 > options.max_reject_ratio * rows as f64 {
        return Err(Stop::Refused(format!(
            "{rejected} of {rows} rows break the contract, more than the {} % that a batch may have: \
             correct the files and load them again",
            options.max_reject_ratio * 100.0
        )));
    }
    Ok(known)
}

/// Writes down what became of every row.
async fn account(
    connection: &mut PgConnection,
    context: &Context<'_>,
    staged: &[Staged],
    applied: &Applied,
) -> Result<Vec<FileReport>, sqlx::Error> {
    let mut files = Vec::with_capacity(staged.len());
    for staged in staged {
        let table = staged.file.table;
        let counts = count(connection, table).await?;
        if counts.rejected > 0 {
            let insert = include_str!("../../queries/rejected_row/insert.sql");
            sqlx::query(for_stage(insert, table))
                .bind(context.load_id)
                .bind(&staged.file.name)
                .bind(table.name())
                .bind(context.now)
                .execute(&mut *connection)
                .await?;
        }
        let loaded = applied.loaded.iter().find(|(of, _)| *of == table).map_or(0, |(_, rows)| *rows);
        let report = file_report(staged, counts, loaded);
        ledger::record_file(connection, context.load_id, staged, &report).await?;
        files.push(report);
    }
    Ok(files)
}

fn file_report(staged: &Staged, counts: Counts, loaded: u64) -> FileReport {
    let candidates = counts.staged - counts.unchanged - counts.rejected - counts.parked;
    FileReport {
        name: staged.file.name.clone(),
        table: staged.file.table,
        bytes: staged.bytes,
        rows_read: staged.rows_read,
        loaded,
        unchanged: counts.unchanged.unsigned_abs() + candidates.unsigned_abs().saturating_sub(loaded),
        rejected: counts.rejected.unsigned_abs(),
        parked: counts.parked.unsigned_abs(),
    }
}
