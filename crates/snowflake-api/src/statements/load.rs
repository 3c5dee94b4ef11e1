//! Filling tables.

use std::fmt::Display;

use super::names::{list, literal};
use super::{Name, Place};

/// As many files as Snowflake takes in one list.
const FILES: usize = 1000;

/// Copies Parquet files into a table by their columns' names, in as many statements as their number needs; none for
/// no file. `files` are paths below the stage's URL.
///
/// Each statement loads all of its files or fails. No text stands for an absent value: by default, `\N` does. A file that the table has loaded before is left out, so a
/// statement that is repeated doubles nothing.
pub fn copy_into(table: &Place, stage: &Place, files: &[&str]) -> Vec<String> {
    let statements = files.chunks(FILES).map(|files| {
        let files = list(files.iter().map(|file| literal(file)));
        format!(
            "copy into {table} from @{stage} files = ({files}) \
             file_format = (type = parquet use_logical_type = true null_if = ()) match_by_column_name = case_insensitive \
             on_error = abort_statement"
        )
    });
    statements.collect()
}

/// Inserts all rows of `source`, a table or a query in parentheses, into a table in an order, so that what lies together
/// is read together: Snowflake keeps the least and greatest values of every few thousand rows that come one after the
/// other.
pub fn insert_sorted(target: &Place, source: impl Display, columns: &[Name], sort: &[Name]) -> String {
    let columns = list(columns);
    let order = if sort.is_empty() { String::new() } else { format!(" order by {}", list(sort)) };
    format!("insert into {target} ({columns}) select {columns} from {source}{order}")
}
