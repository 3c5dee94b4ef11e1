//! The ledger: what was loaded, so that nothing is loaded twice.

use chrono::{NaiveDate, NaiveDateTime};
use sqlx::{PgConnection, PgPool};

use super::discover::Batch;
use super::report::FileReport;
use super::source::fingerprint;
use super::stage::Staged;

/// Whether exactly these files, untouched since, were loaded before: without reading them.
pub(crate) async fn knows_files(pool: &PgPool, batch: &Batch) -> Result<bool, sqlx::Error> {
    let uris: Vec<&str> = batch.files.iter().map(|file| file.uri.as_str()).collect();
    let prints: Vec<String> = batch.files.iter().map(|file| fingerprint(&file.object)).collect();
    let found = sqlx::query(include_str!("../../queries/load/find_by_files.sql"))
        .bind(uris)
        .bind(prints)
        .fetch_optional(pool)
        .await?;
    Ok(found.is_some())
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

/// A batch's identity: which content it holds for which table.
pub(crate) fn content_hash(staged: &[Staged]) -> String {
    let mut parts: Vec<String> = staged
        .iter()
        .map(|staged| format!("{} {}\n", staged.file.table.name(), staged.content_hash))
        .collect();
    parts.sort();
    blake3::hash(parts.concat().as_bytes()).to_hex().to_string()
}

/// Opens the batch's row in the ledger; a refusal of the same batch is settled by it.
pub(crate) async fn open(
    connection: &mut PgConnection,
    uri: &str,
    content_hash: &str,
    started_at: NaiveDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query("delete from daybook.load where state = 'refused' and uri = $1")
        .bind(uri)
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar(include_str!("../../queries/load/insert.sql"))
        .bind(uri)
        .bind(content_hash)
        .bind(started_at)
        .fetch_one(connection)
        .await
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
    healed: u64,
    dates: Vec<NaiveDate>,
    finished_at: NaiveDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query("update daybook.load set healed = $2, dates_touched = $3, finished_at = $4 where id = $1")
        .bind(load_id)
        .bind(signed(healed))
        .bind(dates)
        .bind(finished_at)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes down that a batch was refused, so that it can be seen until it is mended.
pub(crate) async fn refuse(
    pool: &PgPool,
    uri: &str,
    message: &str,
    started_at: NaiveDateTime,
    finished_at: NaiveDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("../../queries/load/refuse.sql"))
        .bind(uri)
        .bind(message)
        .bind(started_at)
        .bind(finished_at)
        .execute(pool)
        .await?;
    Ok(())
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
