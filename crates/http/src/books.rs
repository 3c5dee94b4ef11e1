//! What the server asks of the warehouse and of the close, which are no business of this crate.

use async_trait::async_trait;
use chrono::{NaiveDate, NaiveDateTime};
use daybook_ods::{Cursor, Ods};
use serde_json::Value;

/// The books behind the operational data store.
#[async_trait]
pub trait Books: Send + Sync {
    /// Whether the published books can be read; the error says why not.
    async fn check(&self) -> Result<(), BooksError>;

    /// What is loaded, closed and due, as `daybook status --format json` says it.
    async fn status(&self, ods: &Ods) -> Result<Value, BooksError>;

    /// The last runs, newest first.
    async fn runs(&self, ods: &Ods, limit: u32) -> Result<Vec<Value>, BooksError>;

    /// How many closes there were, and when the last one published.
    async fn run_counts(&self, ods: &Ods) -> Result<RunCounts, BooksError>;

    /// Starts a close of what is due, or of the given days, in the background.
    ///
    /// [`BooksError::Busy`] when one is under way, [`BooksError::Invalid`] for days that cannot be closed.
    async fn start_run(&self, days: Option<(NaiveDate, NaiveDate)>) -> Result<(), BooksError>;

    /// The published orders of a customer, newest first by (`processed_timestamp`, `id`), at most `limit`.
    async fn closed_orders(
        &self,
        customer_id: &str,
        stretch: Stretch<'_>,
        limit: usize,
    ) -> Result<Vec<ClosedOrder>, BooksError>;

    /// The published order of that id.
    async fn closed_order(&self, id: &str) -> Result<Option<ClosedOrder>, BooksError>;
}

/// A part of a customer's orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stretch<'a> {
    /// Only orders after this place, which is to say older ones.
    pub after: Option<&'a Cursor>,
    /// None that is older than this, UTC.
    pub not_before: Option<NaiveDateTime>,
}

/// An order in the published books.
#[derive(Clone, Debug)]
pub struct ClosedOrder {
    /// The order.
    pub id: String,
    /// Who ordered.
    pub customer_id: String,
    /// When, UTC.
    pub processed_timestamp: NaiveDateTime,
    /// Its business date.
    pub partition_date: NaiveDate,
    /// The status of its decisive payment.
    pub order_status: String,
    /// How many units it has.
    pub units: i64,
    /// What it is worth, in minor units.
    pub revenue: i64,
}

/// How closes ended.
#[derive(Clone, Debug, Default)]
pub struct RunCounts {
    /// How many ended, or are, in each state.
    pub by_state: Vec<(String, i64)>,
    /// When the last one published, UTC.
    pub last_published_at: Option<NaiveDateTime>,
}

/// Why the books gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// Another run is under way.
    #[error("{0}")]
    Busy(String),
    /// What is asked for cannot be done, whoever asks.
    #[error("{0}")]
    Invalid(String),
    /// The warehouse or the database failed.
    #[error("{0}")]
    Failed(String),
}
