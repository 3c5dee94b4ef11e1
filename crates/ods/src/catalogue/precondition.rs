//! What must be so before a row is written.

use super::CatalogueError;
use super::etag::Etag;

/// What must be so before a row is written; checked under the row's lock, in the transaction that writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// The row is there: `If-Match: *`.
    Exists,
    /// The row is not there: `If-None-Match: *`.
    Absent,
    /// The row is there with one of these tags: `If-Match: "…"`.
    Matches(Vec<Etag>),
}

impl Precondition {
    pub(super) fn check(&self, current: Option<Etag>) -> Result<(), CatalogueError> {
        let is_met = match (self, &current) {
            (Self::None, _) => true,
            (Self::Exists, current) => current.is_some(),
            (Self::Absent, current) => current.is_none(),
            (Self::Matches(tags), Some(current)) => tags.contains(current),
            (Self::Matches(_), None) => false,
        };
        if is_met { Ok(()) } else { Err(CatalogueError::PreconditionFailed { current }) }
    }
}
