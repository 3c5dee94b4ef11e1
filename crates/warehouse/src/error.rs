//! What can go wrong in a warehouse, said so that a person can act on it.

use std::fmt::Display;
use std::time::Duration;

use datafusion::error::DataFusionError;
use daybook_model::Model;
use daybook_snowflake_api::SnowflakeError;
use daybook_storage::{StorageError, explain, explain_cause};
use deltalake::DeltaTableError;
use url::Url;

/// An error of a warehouse.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// The configured location is not one that Daybook can use.
    #[error("the warehouse location {url} cannot be used: {problem}")]
    Location {
        /// The location as configured.
        url: String,
        /// What is wrong with it, and what to write instead.
        problem: String,
    },
    /// The object store refused to read or write.
    #[error(
        "cannot {action} the warehouse at {url}: {}; check that it exists and that this user may read and write it",
        explain(source)
    )]
    Storage {
        /// `read` or `write`.
        action: &'static str,
        /// The warehouse's location.
        url: Url,
        /// What the store said.
        #[source]
        source: Box<object_store::Error>,
    },
    /// A Delta table could not be read or written.
    #[error("table {table} of the warehouse: {}", in_words(source))]
    Delta {
        /// The table's name.
        table: String,
        /// What Delta said.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// A query is wrong, or failed.
    #[error("{}", first_line(source))]
    Query {
        /// What the query engine said.
        #[source]
        source: Box<DataFusionError>,
    },
    /// Snowflake failed, or refused.
    #[error(transparent)]
    Snowflake(#[from] SnowflakeError),
    /// SQL that would change something, or that is none.
    #[error("only questions are answered: begin with {}", .words.join(", "))]
    NoQuestion {
        /// The words with which a question begins.
        words: &'static [&'static str],
    },
    /// A run has spent what it may.
    #[error(
        "the run has used the warehouse for {} s, and [snowflake] budget_seconds allows {} s: nothing is published; allow \
         more, close fewer days at a time, or use a larger warehouse",
        spent.as_secs(),
        budget.as_secs()
    )]
    OverBudget {
        /// How long statements were executed.
        spent: Duration,
        /// How long they may be.
        budget: Duration,
    },
    /// A dump did not arrive as it was written.
    #[error("table {table}: Snowflake has loaded {loaded} of the dump's {dumped} rows; run again")]
    Unloaded {
        /// The table.
        table: String,
        /// The rows in the dump's files.
        dumped: u64,
        /// The rows that arrived.
        loaded: u64,
    },
    /// A relation of a model's name that Daybook has not made.
    #[error(
        "there is {relation} already, which Daybook has not made: name another [snowflake] schema, for Daybook alone"
    )]
    Foreign {
        /// Database, schema and name.
        relation: String,
    },
    /// A model's SQL could not be compiled or does not give the columns that its YAML declares.
    #[error("model {model}: {problem}")]
    Model {
        /// The model's name.
        model: String,
        /// What is wrong.
        problem: String,
    },
    /// A test that is SQL of its own is no query that the engine understands.
    #[error("{file}: {problem}")]
    Test {
        /// The SQL file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A publication document is damaged.
    #[error(
        "the publication {path} cannot be understood: {source}; restore it from a copy and do not remove it: rows that only it holds may have left the ODS"
    )]
    Publication {
        /// The document's path below the warehouse.
        path: String,
        /// What the parser found.
        #[source]
        source: serde_json::Error,
    },
    /// Nothing was ever published.
    #[error("nothing is published yet: load data and close a day with `daybook run`")]
    NothingPublished,
    /// Somebody else published meanwhile.
    #[error("another run published number {number} meanwhile; run again")]
    Overtaken {
        /// The number that was taken.
        number: u64,
    },
}

impl WarehouseError {
    pub(crate) fn delta(table: &str) -> impl FnOnce(DeltaTableError) -> Self + use<> {
        let table = table.to_owned();
        move |source| Self::Delta { table, source: Box::new(source) }
    }

    /// The error of a model whose SQL does not compile.
    pub(crate) fn uncompiled<E: Display>(model: &Model) -> impl FnOnce(E) -> Self + use<E> {
        let (model, file) = (model.name.clone(), model.file.clone());
        move |error| Self::Model { model, problem: format!("{file}: {error}") }
    }
}

impl From<DataFusionError> for WarehouseError {
    fn from(source: DataFusionError) -> Self {
        Self::Query { source: Box::new(source) }
    }
}

impl From<StorageError> for WarehouseError {
    fn from(error: StorageError) -> Self {
        Self::Location { url: error.url, problem: error.problem }
    }
}

/// Delta's message, or the store's if the store is to blame.
fn in_words(error: &DeltaTableError) -> String {
    explain_cause(error).unwrap_or_else(|| error.to_string())
}

/// The engine's message without its back trace, or the store's if the store is to blame.
fn first_line(error: &DataFusionError) -> String {
    if let Some(explained) = explain_cause(error) {
        return explained;
    }
    error.strip_backtrace().lines().next().unwrap_or("the query failed").to_owned()
}
