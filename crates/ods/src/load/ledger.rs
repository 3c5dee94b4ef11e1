//! The ledger: what was loaded, so that nothing is loaded twice.

use std::collections::HashSet;

use chrono::{NaiveDate, NaiveDateTime};
use sqlx::{PgConnection, PgPool};

use super::apply::Applied;
use super::discover::Batch;
use super::report::FileReport;
use super::source::fingerprint;
use super::stage::Staged;
use super::{Stop, content};
use crate::rejects::Replay;

const CONTENT_KEY: &str = "load_content_hash_key";

/// Which of the batches, by position, were loaded exactly as their files are: without reading them.
pub(crate) async fn known(pool: &PgPool, batches: &[Batch]) -> Result<HashSet<usize>, sqlx::Error> {
    let (mut positions, mut uris, mut fingerprints) = (Vec::new(), Vec::new(), Vec::new());
    for (position, batch) in batches.iter().enumerate() {
        for file in &batch.files {
            positions.push(position as i64);
            uris.push(file.uri.as_str());
            fingerprints.push(fingerprint(&file.object));
        }
    }
    let known: Vec<i64> = sqlx::query_scalar(include_str!("../../queries/load/find_by_files.sql"))
        .bind(positions)
        .bind(uris)
        .bind(fingerprints)
        .fetch_all(pool)
        .await?;
    Ok(known.into_iter().filter_map(|position| usize::try_from(position).ok()).collect())
}

/// Whether the same content was loaded before, whatever its files were called.
pub(crate) async fn knows_content(
    connection: &mut PgConnection,
    content_hash: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from daybook.load where state = 'loaded' and content_hash = $1)",
    )
    .bind(content_hash)
    .fetch_one(connection)
    .await
}

/// Those of the contents that were loaded.
pub(crate) async fn known_contents(
    pool: &PgPool,
    content_hashes: Vec<String>,
) -> Result<HashSet<String>, sqlx::Error> {
    let query =
        "select content_hash from daybook.load where state = 'loaded' and content_hash = any($1::text[])";
    Ok(sqlx::query_scalar(query).bind(content_hashes).fetch_all(pool).await?.into_iter().collect())
}

/// A batch's identity: which content it holds for which table.
pub(crate) fn content_hash(staged: &[Staged]) -> String {
    let mut parts: Vec<String> = staged
        .iter()
        .map(|staged| format!("{} {}\n", staged.file.table.name(), staged.content_hash))
        .collect();
    parts.sort();
    content::hash_of(&parts.concat())
}

/// Forgets that batches were refused, or waited for their other half: what they hold is loaded.
pub(crate) async fn release(connection: &mut PgConnection, uris: &[&str]) -> Result<(), sqlx::Error> {
    sqlx::query("delete from daybook.load where state <> 'loaded' and uri = any($1)")
        .bind(uris)
        .execute(connection)
        .await?;
    Ok(())
}

/// Opens the batch's row in the ledger; that it was refused, or waited for its other half, is settled by it.
pub(crate) async fn open(
    connection: &mut PgConnection,
    uri: &str,
    content_hash: &str,
    started_at: NaiveDateTime,
) -> Result<i64, Stop> {
    release(connection, &[uri]).await?;
    let opened = sqlx::query_scalar(include_str!("../../queries/load/insert.sql"))
        .bind(uri)
        .bind(content_hash)
        .bind(started_at)
        .fetch_one(connection)
        .await;
    opened.map_err(|error| {
        // the same content at this very moment, by a load whose process has died or that shares the turn
        let is_same = error.as_database_error().and_then(|error| error.constraint()) == Some(CONTENT_KEY);
        if is_same { Stop::AlreadyLoaded { content_hash: content_hash.to_owned() } } else { error.into() }
    })
}

/// Writes down what became of one file.
pub(crate) async fn record_file(
    connection: &mut PgConnection,
    load_id: i64,
    staged: &Staged,
    report: &FileReport,
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/load/insert_file.sql"))
        .bind(load_id)
        .bind(&report.name)
        .bind(report.table.name())
        .bind(&staged.content_hash)
        .bind(&staged.file.uri)
        .bind(fingerprint(&staged.file.object))
        .bind(&staged.header)
        .bind(signed(staged.bytes))
        .bind(signed(report.rows_read))
        .bind(signed(report.loaded))
        .bind(signed(report.unchanged))
        .bind(signed(report.rejected))
        .bind(signed(report.parked))
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes the batch's row in the ledger.
pub(crate) async fn close(
    connection: &mut PgConnection,
    load_id: i64,
    applied: &Applied,
    finished_at: NaiveDateTime,
) -> Result<(), sqlx::Error> {
    let dates: Vec<NaiveDate> = applied.dates.iter().copied().collect();
    sqlx::query(include_str!("../../queries/load/close.sql"))
        .bind(load_id)
        .bind(signed(applied.healed))
        .bind(dates)
        .bind(applied.batch_time)
        .bind(finished_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Links rejected rows to the load that brought them again.
pub(crate) async fn link_replay(
    connection: &mut PgConnection,
    load_id: i64,
    replay: &Replay,
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/load/link_replay.sql"))
        .bind(load_id)
        .bind(replay.origin)
        .bind(&replay.rows)
        .execute(connection)
        .await?;
    Ok(())
}

/// Links rejected rows that came again with a content that was loaded before to the load that brought it.
pub(crate) async fn link_known_replay(
    connection: &mut PgConnection,
    content_hash: &str,
    replay: &Replay,
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/load/link_known_replay.sql"))
        .bind(content_hash)
        .bind(&replay.rows)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes down why a batch is not loaded, so that it can be seen until it is; gives when it was first so.
pub(crate) async fn hold_back(
    pool: &PgPool,
    uri: &str,
    why: HeldBack<'_>,
    started_at: NaiveDateTime,
    now: NaiveDateTime,
) -> Result<NaiveDateTime, sqlx::Error> {
    let (state, message) = match why {
        HeldBack::Refused(message) => ("refused", message),
        HeldBack::Waiting { missing } => ("waiting", missing),
    };
    sqlx::query_scalar(include_str!("../../queries/load/hold_back.sql"))
        .bind(uri)
        .bind(state)
        .bind(message)
        .bind(started_at)
        .bind(now)
        .fetch_one(pool)
        .await
}

/// Why a batch is not loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HeldBack<'a> {
    /// As a whole it breaks the contract, thus.
    Refused(&'a str),
    /// This file has yet to come.
    Waiting { missing: &'a str },
}

/// Forgets what was held back at or below `prefix`, which was listed whole: refused batches that are gone, and half
/// pairs that are gone or whole.
pub(crate) async fn forget_held_back(
    pool: &PgPool,
    prefix: &str,
    uris: &[&str],
    halves: &[&str],
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/load/forget_held_back.sql"))
        .bind(prefix)
        .bind(uris)
        .bind(halves)
        .execute(pool)
        .await?;
    Ok(())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
