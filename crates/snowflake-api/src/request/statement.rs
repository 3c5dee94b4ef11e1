//! One SQL statement.

use std::time::Duration;

use super::Binding;

/// One SQL statement with the values of its `?`.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub(super) text: String,
    pub(super) bindings: Vec<Binding>,
    pub(super) query_tag: Option<String>,
    pub(super) timeout: Option<Duration>,
}

impl Statement {
    /// A statement, without a semicolon at its end.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), bindings: Vec::new(), query_tag: None, timeout: None }
    }

    /// The value of the next `?`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Binding>) -> Self {
        self.bindings.push(value.into());
        self
    }

    /// What Snowflake's query history shows beside it, to find it again.
    #[must_use]
    pub fn query_tag(mut self, tag: impl Into<String>) -> Self {
        self.query_tag = Some(tag.into());
        self
    }

    /// How long it may take, in whole seconds (rounded up); Snowflake cancels it then.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
