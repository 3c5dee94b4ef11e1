//! How rows differ from those that were expected.

use std::fmt;

use serde::Serialize;

/// Rows that should be there and are not, and the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowDifference {
    /// The columns that were compared.
    pub columns: Vec<String>,
    /// Expected rows that are not there.
    pub missing: Vec<Vec<String>>,
    /// Rows that are there and were not expected.
    pub unexpected: Vec<Vec<String>>,
}

impl RowDifference {
    /// What distinguishes `found` from `expected`, whatever their order; nothing when they are the same.
    pub(crate) fn between(
        columns: Vec<String>,
        mut expected: Vec<Vec<String>>,
        found: Vec<Vec<String>>,
    ) -> Option<Self> {
        let mut unexpected = Vec::new();
        for row in found {
            match expected.iter().position(|other| *other == row) {
                Some(position) => drop(expected.swap_remove(position)),
                None => unexpected.push(row),
            }
        }
        expected.sort_unstable();
        unexpected.sort_unstable();
        let is_none = expected.is_empty() && unexpected.is_empty();
        (!is_none).then_some(Self { columns, missing: expected, unexpected })
    }
}

impl fmt::Display for RowDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.columns.join(" | "))?;
        self.missing.iter().try_for_each(|row| write!(f, "\n- {}", row.join(" | ")))?;
        self.unexpected.iter().try_for_each(|row| write!(f, "\n+ {}", row.join(" | ")))
    }
}
