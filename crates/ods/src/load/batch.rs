//! One batch, one database transaction: whole or not at all.

use chrono::NaiveDateTime;
use object_store::ObjectStore;
use sqlx::PgConnection;

use super::apply::{Applied, Context, apply, mark_rejected};
use super::discover::{Batch, Format};
use super::report::{FileReport, LoadOutcome, LoadReport};
use super::stage::{Counts, Staged, count, for_stage, stage_file};
use super::{LoadOptions, Stop, ledger, serialize_loads};
use crate::{Ods, OdsError};

/// Loads one batch, unless it waits for its other half or was loaded before.
pub(crate) async fn load_batch(
    ods: &Ods,
    store: &dyn ObjectStore,
    batch: &Batch,
    options: &LoadOptions,
) -> Result<LoadReport, OdsError> {
    if let Some(missing) = batch.missing_half() {
        return Ok(report(batch, LoadOutcome::Waiting { missing }));
    }
    if ledger::knows_files(ods.pool(), batch).await? {
        return Ok(report(batch, LoadOutcome::AlreadyLoaded));
    }
    let started_at = ods.clock().now();
    match load_in_transaction(ods, store, batch, options, started_at).await {
        Ok(report) => Ok(report),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::AlreadyLoaded) => Ok(report(batch, LoadOutcome::AlreadyLoaded)),
        Err(Stop::Refused(message)) => {
            ledger::refuse(ods.pool(), &batch.uri, &message, started_at, ods.clock().now()).await?;
            Ok(report(batch, LoadOutcome::Refused { message }))
        }
    }
}

fn report(batch: &Batch, outcome: LoadOutcome) -> LoadReport {
    LoadReport {
        uri: batch.uri.clone(),
        outcome,
        files: Vec::new(),
        healed: 0,
        warnings: batch.warnings.clone(),
    }
}

async fn load_in_transaction(
    ods: &Ods,
    store: &dyn ObjectStore,
    batch: &Batch,
    options: &LoadOptions,
    started_at: NaiveDateTime,
) -> Result<LoadReport, Stop> {
    if let Some((one, other)) = batch.ambiguous() {
        return Err(Stop::Refused(format!("{one} and {other} are for the same table: keep one")));
    }
    let mut txn = ods.pool().begin().await?;
    serialize_loads(&mut txn).await?;
    let staged = stage(&mut txn, store, batch).await?;
    judge(&mut txn, &staged, options).await?;
    let content_hash = ledger::content_hash(&staged);
    let load_id = ledger::open(&mut txn, &batch.uri, &content_hash, started_at).await?;
    let context = Context {
        load_id,
        now: started_at,
        timezone: options.timezone,
        paid_statuses: &options.paid_statuses,
        files: staged.iter().map(|s| (s.file.table, s.file.name.clone())).collect(),
    };
    let applied = apply(&mut txn, &context).await?;
    let files = account(&mut txn, &context, &staged, &applied).await?;
    let dates = applied.dates.into_iter().collect();
    ledger::close(&mut txn, load_id, applied.healed, dates, ods.clock().now()).await?;
    txn.commit().await?;
    let outcome = LoadOutcome::Loaded { load_id };
    Ok(LoadReport { files, healed: applied.healed, ..report(batch, outcome) })
}

async fn stage(
    connection: &mut PgConnection,
    store: &dyn ObjectStore,
    batch: &Batch,
) -> Result<Vec<Staged>, Stop> {
    let mut staged = Vec::with_capacity(batch.files.len());
    for file in &batch.files {
        staged.push(stage_file(connection, store, file).await?);
    }
    if ledger::knows_content(connection, &ledger::content_hash(&staged)).await? {
        return Err(Stop::AlreadyLoaded);
    }
    Ok(staged)
}

/// Marks the rows that contradict each other or what is stored, and refuses a batch that has too many bad ones.
async fn judge(connection: &mut PgConnection, staged: &[Staged], options: &LoadOptions) -> Result<(), Stop> {
    let (mut rows, mut rejected) = (0, 0);
    for Staged { file, .. } in staged {
        // Several events of one id in a file are its history, not a contradiction.
        if file.format == Format::Csv {
            let query = include_str!("../../queries/stage/mark_duplicates.sql");
            sqlx::query(for_stage(query, file.table)).execute(&mut *connection).await?;
        }
        mark_rejected(connection, file.table).await?;
        let counts = count(connection, file.table).await?;
        rows += counts.staged;
        rejected += counts.rejected;
    }
    if rejected as f64 > options.max_reject_ratio * rows as f64 {
        return Err(Stop::Refused(format!(
            "{rejected} of {rows} rows break the contract, more than the {} % that a batch may have: \
             correct the files and load them again",
            options.max_reject_ratio * 100.0
        )));
    }
    Ok(())
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
        let insert = include_str!("../../queries/rejected_row/insert.sql");
        sqlx::query(for_stage(insert, table))
            .bind(context.load_id)
            .bind(&staged.file.name)
            .bind(table.name())
            .bind(context.now)
            .execute(&mut *connection)
            .await?;
        let counts = count(connection, table).await?;
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
        rows_read: staged.rows_read,
        loaded,
        unchanged: counts.unchanged.unsigned_abs() + candidates.unsigned_abs().saturating_sub(loaded),
        rejected: counts.rejected.unsigned_abs(),
        parked: counts.parked.unsigned_abs(),
    }
}
