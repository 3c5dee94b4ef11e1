//! What was looked at to see whether all is ready.

use serde::Serialize;

/// Something that a warehouse needs, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: String,
    /// What is wrong with it; nothing when it is as it should be.
    pub problem: Option<String>,
    /// What to do about it: words, SQL, a policy.
    pub remedy: Option<String>,
}

impl Check {
    /// All is well with `what`.
    pub fn passed(what: impl Into<String>) -> Self {
        Self { what: what.into(), problem: None, remedy: None }
    }

    /// `problem` is wrong with `what`, and `remedy` helps.
    pub fn failed(what: impl Into<String>, problem: impl ToString, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), problem: Some(problem.to_string()), remedy: Some(remedy.into()) }
    }
}
