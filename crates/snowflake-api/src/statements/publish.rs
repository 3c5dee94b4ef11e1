//! Showing a new state to readers.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::names::{list, literal};
use super::{Name, Place, insert_sorted};
use crate::Script;

const ABORT_ON_ERROR: &str = "alter session set transaction_abort_on_error = true";

/// Beyond so many separate ranges of dates, a list within one enclosing range keeps a condition shallow.
const MAX_RANGES: usize = 32;

/// What changes in a table: some of its partitions are replaced, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The table that readers see.
    pub table: Place,
    /// All rows of what is replaced, and no others.
    pub next: Place,
    /// The columns of both.
    pub columns: Vec<Name>,
    /// The order of the rows.
    pub sort: Vec<Name>,
    /// Which rows are replaced.
    pub extent: Extent,
}

/// Which rows of a table are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All.
    Whole,
    /// Those with these dates in a column.
    Dates(Name, BTreeSet<NaiveDate>),
}

/// The statements of a change, to be executed in a [`transaction`].
pub fn replace(change: &Change) -> [String; 2] {
    let delete = match &change.extent {
        Extent::Whole => format!("delete from {}", change.table),
        Extent::Dates(column, dates) => {
            // a row without a date is of none, and nobody would ever replace it
            let of_dates = within(column, dates);
            format!("delete from {} where {of_dates} or {column} is null", change.table)
        }
    };
    [delete, insert_sorted(&change.table, &change.next, &change.columns, &change.sort)]
}

/// Executes the statements in one transaction: others see what all of them did, or nothing.
///
/// One request executes the script, so the end of the process leaves what was; and so does a statement that fails,
/// which by default would leave its transaction open, with its locks, until Snowflake finds the session gone.
pub fn transaction(statements: impl IntoIterator<Item = String>) -> Script {
    let begin = [ABORT_ON_ERROR.to_owned(), "begin transaction".to_owned()];
    Script::new(begin.into_iter().chain(statements).chain(["commit".to_owned()]))
}

/// The condition that `column` holds one of `dates`, said in ranges, by which micro-partitions are pruned.
pub fn within(column: &Name, dates: &BTreeSet<NaiveDate>) -> String {
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return "false".to_owned() };
    let between =
        |first: &NaiveDate, last: &NaiveDate| format!("{column} between {} and {}", date(first), date(last));
    let ranges = ranges(dates);
    if ranges.len() > MAX_RANGES {
        return format!("({} and {column} in ({}))", between(first, last), list(dates.iter().map(date)));
    }
    let ranges: Vec<_> = ranges.iter().map(|(first, last)| between(first, last)).collect();
    format!("({})", ranges.join(" or "))
}

fn date(date: &NaiveDate) -> String {
    format!("{}::date", literal(&date.to_string()))
}

/// The stretches of consecutive dates, each as its first and last.
fn ranges(dates: &BTreeSet<NaiveDate>) -> Vec<(NaiveDate, NaiveDate)> {
    let mut ranges: Vec<(NaiveDate, NaiveDate)> = Vec::new();
    for date in dates {
        match ranges.last_mut() {
            Some((_, last)) if last.succ_opt() == Some(*date) => *last = *date,
            _ => ranges.push((*date, *date)),
        }
    }
    ranges
}
