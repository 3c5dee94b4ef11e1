//! Showing a new state to readers.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::names::{list, literal};
use super::{Name, Place, insert_sorted};
use crate::Script;

const ABORT_ON_ERROR: &str = "alter session set transaction_abort_on_error = true";

/// What changes in a table: some of its partitions are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The table that readers see.
    pub table: Place,
    /// All rows of the partitions, and no others.
    pub next: Place,
    /// The columns of both.
    pub columns: Vec<Name>,
    /// The order of the rows.
    pub sort: Vec<Name>,
    /// The column that says which partition a row is in: a date.
    pub partition: Name,
    /// The partitions.
    pub dates: BTreeSet<NaiveDate>,
}

/// Replaces partitions of several tables in one transaction: readers see all of it or nothing. A change of no
/// partition is left out.
///
/// One request executes the script, so the end of the process leaves what was; and so does a statement that fails,
/// which by default would leave its transaction open, with its locks, until Snowflake finds the session gone.
pub fn publish<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Script {
    let mut statements = vec![ABORT_ON_ERROR.to_owned(), "begin transaction".to_owned()];
    for change in changes {
        if change.dates.is_empty() {
            continue;
        }
        let dates = list(change.dates.iter().map(|date| format!("{}::date", literal(&date.to_string()))));
        statements.push(format!("delete from {} where {} in ({dates})", change.table, change.partition));
        statements.push(insert_sorted(&change.table, &change.next, &change.columns, &change.sort));
    }
    statements.push("commit".to_owned());
    Script::new(statements)
}
