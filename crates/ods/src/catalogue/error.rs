//! Why the catalogue was not written.

use daybook_model::contract::Table;

use super::etag::Etag;
use crate::OdsError;

/// Why a row or document of the catalogue was not written; nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// There is no such row to change or remove.
    #[error("there is no {} '{id}'", table.name())]
    NotFound {
        /// The table that was looked in.
        table: Table,
        /// The id that was looked for.
        id: String,
    },
    /// The row is not as the writer thought.
    #[error("{}", precondition_problem(current.as_ref()))]
    PreconditionFailed {
        /// The tag of the row as it is; none if there is no row.
        current: Option<Etag>,
    },
    /// The body breaks the contract.
    #[error("{message}{}", place(pointer))]
    Invalid {
        /// The wrong part: a JSON pointer into the body (RFC 6901), empty for the whole.
        pointer: String,
        /// What is wrong.
        message: String,
    },
    /// The body names a product that is not there.
    #[error("{message}{}", place(pointer))]
    ParentMissing {
        /// Where it is named: a JSON pointer into the body.
        pointer: String,
        /// Which it is.
        message: String,
    },
    /// The body brings an `updated_at` of its own, which is before the stored variant's, or before its removal.
    #[error("updated_at is older than the variant's own: leave it out to change the variant now")]
    OlderThanStored {
        /// The tag of the row as it is; none if it was removed.
        current: Option<Etag>,
    },
    /// The database failed.
    #[error(transparent)]
    Ods(#[from] OdsError),
}

impl From<sqlx::Error> for CatalogueError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ods(error.into())
    }
}

impl CatalogueError {
    /// What `ods.upsert_catalogue` says of a document.
    pub(super) fn of_document(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else { return error.into() };
        let message = database.message().to_owned();
        let detail =
            database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().and_then(|error| error.detail());
        let pointer = detail.unwrap_or_default().to_owned();
        match database.code().as_deref() {
            Some("22023") => Self::Invalid { pointer, message },
            Some("23503") => Self::ParentMissing { pointer, message },
            // in jsonb, before the function is called: nobody says where
            Some("22P05") => Self::Invalid {
                pointer: String::new(),
                message: "a text holds a NUL character, which PostgreSQL cannot store".to_owned(),
            },
            _ => error.into(),
        }
    }
}

fn precondition_problem(current: Option<&Etag>) -> String {
    match current {
        Some(etag) => format!("somebody else wrote it meanwhile: its tag is \"{etag}\" now; read it again"),
        None => "it is not there".to_owned(),
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" (at {pointer})") }
}
