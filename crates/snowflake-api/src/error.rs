//! What goes wrong between a client and Snowflake.

use std::time::Duration;

use crate::Failure;

/// Why a statement has no result. Each is one line that says what, where, and what to do if that is known.
#[derive(Debug, thiserror::Error)]
pub enum SnowflakeError {
    /// The account is not written in any form that Snowflake has.
    #[error(
        "`{0}` names no Snowflake account: write it as organization-account, as a locator such as \
         xy12345.eu-central-1, or as the account's URL"
    )]
    Account(String),
    /// A private key that cannot be used.
    #[error("the Snowflake private key cannot be used: {0}")]
    PrivateKey(String),
    /// A token that cannot be made or sent.
    #[error("there is no Snowflake token: {0}")]
    Token(String),
    /// A request that makes no sense, so it was not sent.
    #[error("the request to Snowflake is wrong: {0}")]
    Request(String),
    /// Snowflake answered that it will not, or cannot, do it.
    #[error(transparent)]
    Failed(#[from] Box<Failure>),
    /// No answer came, however often the request was sent. A statement may have been executed all the same.
    #[error(
        "Snowflake at {host} cannot be reached ({reason}; tried {attempts} times): check the account and the network"
    )]
    Unreachable {
        /// Who doesn't answer.
        host: String,
        /// What the network says.
        reason: String,
        /// How often the request was sent.
        attempts: usize,
        /// The last try's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement took longer than it may, and Snowflake didn't end it by itself.
    #[error("Snowflake has not finished in {waited:?}, so the statement is cancelled (query {query_id})")]
    Deadline {
        /// How long was waited.
        waited: Duration,
        /// Snowflake's id of the statement.
        query_id: String,
    },
    /// A cell that isn't what its column's type says.
    #[error("column {column}, row {row} of Snowflake's result: {reason} (query {query_id})")]
    Cell {
        /// The column's name.
        column: String,
        /// The row's number in the whole result, from 1.
        row: u64,
        /// What is wrong.
        reason: String,
        /// Snowflake's id of the statement.
        query_id: String,
    },
    /// An answer that is not what Snowflake's documentation describes.
    #[error("Snowflake's answer is not understood: {0}")]
    Unexpected(String),
}

impl SnowflakeError {
    /// What Snowflake said, when it answered.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// An error's causes in one line, without what the outermost says of the URL.
pub(crate) fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
