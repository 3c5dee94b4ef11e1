//! Several SQL statements in one session.

use std::time::Duration;

/// Several statements, executed one after the other in one session, until one fails.
///
/// A transaction must begin and end in one script. When a statement of it fails, the session ends, and Snowflake rolls
/// it back: at once if the session parameter `TRANSACTION_ABORT_ON_ERROR` is set. Data definition commits what was begun, so it has no place inside. Statements of a script take no
/// bindings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub(super) statements: Vec<String>,
    pub(super) query_tag: Option<String>,
    pub(super) timeout: Option<Duration>,
}

impl Script {
    /// The statements, each without a semicolon at its end.
    pub fn new<T: Into<String>>(statements: impl IntoIterator<Item = T>) -> Self {
        let statements = statements.into_iter().map(Into::into).collect();
        Self { statements, query_tag: None, timeout: None }
    }

    /// The statements.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// What Snowflake's query history shows beside each of them, to find them again.
    #[must_use]
    pub fn query_tag(mut self, tag: impl Into<String>) -> Self {
        self.query_tag = Some(tag.into());
        self
    }

    /// How long they may take together, in whole seconds (rounded up); Snowflake cancels them then.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
