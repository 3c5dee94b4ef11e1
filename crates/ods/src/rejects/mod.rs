//! Rejected rows: found, exported as CSV, and replayed once they are corrected.

mod corrected_rows;
mod corrections;
mod export;
mod replay;
mod values;

use chrono::NaiveDateTime;
use daybook_model::contract::Table;
use futures::TryStreamExt;
use futures::stream::BoxStream;

use crate::{Ods, OdsError};

pub use export::ExportedFile;
pub(crate) use replay::Replay;

/// A row that breaks the contract, as it was found.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RejectedRow {
    /// Names it in exports.
    pub id: i64,
    /// The load that brought it.
    pub load_id: i64,
    /// The batch or event file of that load.
    pub uri: String,
    /// The file within the batch.
    pub file: String,
    /// The line on which the row begins, from 1.
    pub line: i64,
    /// The table that it was for.
    pub table_name: String,
    /// The column that is wrong, if it is one alone.
    pub column_name: Option<String>,
    /// The reason's code.
    pub reason: String,
    /// The reason in words.
    pub message: String,
    /// The row's text; `U+FFFD` stands for what is not UTF-8.
    pub raw: String,
    /// Whether `raw` is only the beginning.
    pub is_cut: bool,
    /// When, UTC.
    pub rejected_at: NaiveDateTime,
    /// The load that brought it again; none while it is open.
    pub replayed_in: Option<i64>,
    /// The CSV file's first line; none for an event.
    pub(crate) header: Option<String>,
}

/// Which rejected rows are meant: all open ones by default.
#[derive(Clone, Debug, Default)]
pub struct RejectFilter {
    /// Only this one.
    pub id: Option<i64>,
    /// Only those of this load.
    pub load_id: Option<i64>,
    /// Only those for this table.
    pub table: Option<Table>,
    /// Only those with this reason's code.
    pub reason: Option<String>,
    /// Also those that were replayed.
    pub with_replayed: bool,
    /// At most so many characters of each row's text; none for all.
    pub raw_characters: Option<i32>,
}

impl Ods {
    /// The first `limit` rejected rows, in the order in which they came.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails, or [`OdsError::NotMigrated`].
    pub async fn rejected_rows(
        &self,
        filter: &RejectFilter,
        limit: u32,
    ) -> Result<Vec<RejectedRow>, OdsError> {
        self.stream_rejected(filter, Some(limit.into())).try_collect().await
    }

    fn stream_rejected<'a>(
        &'a self,
        filter: &'a RejectFilter,
        limit: Option<i64>,
    ) -> BoxStream<'a, Result<RejectedRow, OdsError>> {
        let rows = sqlx::query_as(include_str!("../../queries/rejected_row/select.sql"))
            .bind(filter.id)
            .bind(filter.load_id)
            .bind(filter.table.map(Table::name))
            .bind(filter.reason.as_deref())
            .bind(filter.with_replayed)
            .bind(limit)
            .bind(filter.raw_characters)
            .fetch(self.pool());
        Box::pin(rows.map_err(OdsError::from))
    }
}
