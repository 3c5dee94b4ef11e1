//! What the server asks of the warehouse and of the close, which are no business of this crate.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// The books behind the operational data store.
#[async_trait]
pub trait Books: Send + Sync {
    /// Whether the published books can be read; the error says why not.
    async fn check(&self) -> Result<(), BooksError>;

    /// What is loaded, closed and due, as `daybook status --format json` says it.
    async fn status(&self) -> Result<Value, BooksError>;

    /// The last runs, newest first.
    async fn runs(&self, limit: u32) -> Result<Vec<Value>, BooksError>;

    /// How many closes there were, and when the last one published.
    async fn run_counts(&self) -> Result<RunCounts, BooksError>;

    /// Starts a close of what is due, or of the given days, in the background.
    ///
    /// [`BooksError::Busy`] when one is under way.
    async fn start_run(&self, days: Option<(chrono::NaiveDate, chrono::NaiveDate)>)
    -> Result<(), BooksError>;

    /// The published orders of a customer that the operational store keeps no longer, newest first, a thousand at
    /// most.
    async fn expired_orders(&self, customer_id: &str) -> Result<Vec<ClosedOrder>, BooksError>;
}

/// An order in the published books.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClosedOrder {
    /// The order.
    pub order_id: String,
    /// Its business date.
    pub partition_date: chrono::NaiveDate,
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
    pub last_published_at: Option<chrono::NaiveDateTime>,
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
