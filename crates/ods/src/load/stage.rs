//! Staging: a file's rows in a temporary table, exactly as they arrived.

use daybook_model::contract::{Column, ColumnType, Table};
use object_store::ObjectStore;
use sqlx::{AssertSqlSafe, PgConnection};

use super::discover::BatchFile;
use super::keys::Keys;
use super::rows::{BOOKKEEPING, Rows};
use super::source::{ReadFailure, Source};
use super::{LoadEvent, Stop};
use crate::copy::CopyEncoder;

/// Nobody but the session itself can gather statistics of a temporary table; with few rows any plan will do.
const WORTH_ANALYZING: u64 = 2_000;

/// A file whose rows are in its staging table.
pub(crate) struct Staged {
    pub(crate) file: BatchFile,
    pub(crate) content_hash: String,
    /// A CSV file's first line.
    pub(crate) header: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) rows_read: u64,
}

/// How the rows of one staging table are judged so far.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(crate) struct Counts {
    pub(crate) staged: i64,
    pub(crate) unchanged: i64,
    pub(crate) rejected: i64,
    pub(crate) parked: i64,
}

/// The staging table of a contract table.
pub(crate) fn stage_of(table: Table) -> String {
    format!("stage_{}", table.name())
}

/// A query that is written once for all staging tables.
pub(crate) fn for_stage(query: &'static str, table: Table) -> AssertSqlSafe<String> {
    let columns: Vec<String> =
        table.columns().iter().map(|column| format!("staged.{}", column.name)).collect();
    AssertSqlSafe(query.replace("{stage}", &stage_of(table)).replace("{content}", &columns.join(", ")))
}

/// Streams a file into a staging table that lasts as long as the transaction.
pub(crate) async fn stage_file(
    connection: &mut PgConnection,
    store: &dyn ObjectStore,
    file: &BatchFile,
    keys: &mut Keys,
    progress: &(dyn Fn(LoadEvent<'_>) + Sync),
) -> Result<Staged, Stop> {
    let mut source = Source::open(store, file).await?;
    create_stage(connection, file.table).await?;
    let statement = copy_statement(file.table);
    let mut copy = connection.copy_in_raw(&statement).await?;
    let mut encoder = CopyEncoder::new();
    let mut rows = Rows::of(file, keys);
    loop {
        let before = rows.counts();
        let encoded = match source.next_piece().await {
            Ok(piece) => rows.encode(piece, &mut encoder).map(|()| piece.len()).map_err(Stop::Refused),
            Err(ReadFailure::Damaged(message)) => Err(Stop::Refused(message)),
            Err(ReadFailure::Failed(error)) => Err(Stop::Failed(error)),
        };
        let bytes = match encoded {
            Ok(bytes) => bytes,
            Err(stop) => {
                copy.abort("the file cannot be read on").await?;
                return Err(stop);
            }
        };
        let now = rows.counts();
        progress(LoadEvent::Read {
            bytes: bytes as u64,
            rows: now.read - before.read,
            rejected: now.rejected - before.rejected,
        });
        if bytes == 0 {
            break;
        }
        encoder.send_full(&mut copy).await?;
    }
    encoder.finish(copy).await?;
    let rows_read = rows.counts().read;
    let (content_hash, header) = rows.finish();
    Ok(Staged { file: file.clone(), content_hash, header, bytes: source.bytes(), rows_read })
}

/// Creates a table's staging table, which lasts as long as the transaction.
pub(crate) async fn create_stage(connection: &mut PgConnection, table: Table) -> Result<(), sqlx::Error> {
    sqlx::query(AssertSqlSafe(create_statement(table))).execute(connection).await?;
    Ok(())
}

/// Gathers the statistics that queries with a choice of plans need.
pub(crate) async fn analyze(connection: &mut PgConnection, staged: &Staged) -> Result<(), sqlx::Error> {
    if staged.rows_read > WORTH_ANALYZING {
        let analyze = format!("analyze {} (outcome, id)", stage_of(staged.file.table));
        sqlx::query(AssertSqlSafe(analyze)).execute(connection).await?;
    }
    Ok(())
}

/// Whether any staged row's id is stored already.
pub(crate) async fn knows_ids(connection: &mut PgConnection, table: Table) -> Result<bool, sqlx::Error> {
    let query = include_str!("../../queries/stage/knows_ids.sql").replace("{table}", table.name());
    sqlx::query_scalar(AssertSqlSafe(query.replace("{stage}", &stage_of(table)))).fetch_one(connection).await
}

/// Counts what became of a staging table's rows.
pub(crate) async fn count(connection: &mut PgConnection, table: Table) -> Result<Counts, sqlx::Error> {
    sqlx::query_as(for_stage(include_str!("../../queries/stage/count.sql"), table))
        .fetch_one(connection)
        .await
}

fn create_statement(table: Table) -> String {
    let columns: String =
        table.columns().iter().map(|column| format!(", {} {}", column.name, sql_type(column))).collect();
    format!(
        "create temp table {} (line bigint not null, raw text not null, outcome text, reason text, \
         column_name text, message text{columns}) on commit drop",
        stage_of(table)
    )
}

const fn sql_type(column: &Column) -> &'static str {
    match column.column_type {
        ColumnType::Id => "varchar collate \"C\"",
        ColumnType::Text(_) => "varchar",
        ColumnType::Integer => "int",
        ColumnType::Timestamp => "timestamp",
    }
}

fn copy_statement(table: Table) -> String {
    let columns = BOOKKEEPING.into_iter().chain(table.columns().iter().map(|column| column.name));
    format!(
        "copy {} ({}) from stdin (format binary)",
        stage_of(table),
        columns.collect::<Vec<_>>().join(", ")
    )
}
