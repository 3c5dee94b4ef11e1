//! What Daybook prints: tables for people, CSV and JSON for programs. Answers go to standard output, everything
//! else to standard error.

mod loads;
mod progress;
mod rows;

use std::error::Error;
use std::io::{self, ErrorKind, Write};

use arrow::error::ArrowError;
use chrono::NaiveDateTime;
use clap::ValueEnum;
use daybook_ods::OdsError;
use daybook_pipeline::PipelineError;
use daybook_snowflake_api::SnowflakeError;
use daybook_warehouse::WarehouseError;

pub(crate) use loads::print_loads;
pub(crate) use progress::Progress;
pub(crate) use rows::{print_query, print_rows};

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    #[default]
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// JSON.
    Json,
}

/// Prints an error in one line.
#[expect(clippy::print_stderr, reason = "the command line's own output")]
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("error: {}", in_a_line(error));
}

/// An error with its causes, each told once.
pub(crate) fn in_a_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        if tells_causes(cause) {
            break;
        }
    }
    line
}

/// Whether an error says by itself, in its own words and without secrets, what the database, the engine or the network
/// said.
fn tells_causes(error: &(dyn Error + 'static)) -> bool {
    error.is::<OdsError>()
        || error.is::<WarehouseError>()
        || error.is::<PipelineError>()
        || error.is::<SnowflakeError>()
}

/// A time as people read it.
pub(crate) fn utc(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Prints a remark for people.
#[expect(clippy::print_stderr, reason = "the command line's own output")]
pub(crate) fn remark(text: &str) {
    eprintln!("{text}");
}

/// Prints a line of an answer.
///
/// # Errors
/// When nobody reads on, or the disk is full.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{text}")?;
    output.flush()
}

/// Whether `error` says that whoever read the answer has seen enough, such as `head`.
pub(crate) fn is_enough(error: &anyhow::Error) -> bool {
    let written = error.downcast_ref::<io::Error>();
    let as_csv = error.downcast_ref::<csv::Error>().and_then(|error| match error.kind() {
        csv::ErrorKind::Io(error) => Some(error),
        _ => None,
    });
    let by_arrow = error.downcast_ref::<ArrowError>().and_then(|error| match error {
        ArrowError::IoError(_, error) => Some(error),
        _ => None,
    });
    written.or(as_csv).or(by_arrow).is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Prints a value as indented JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    Ok(line(&serde_json::to_string_pretty(value)?)?)
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn each_cause_is_told_once() {
        let taken = || Error::from(ErrorKind::AlreadyExists);
        let said = format!("cannot write a.csv: {}", taken());
        let error = anyhow::Error::new(taken()).context("cannot write a.csv");
        assert_eq!(in_a_line(&error), said);
        let error = error.context(format!("exporting: {said}"));
        assert_eq!(in_a_line(&error), format!("exporting: {said}"));
    }

    #[test]
    fn an_error_that_tells_its_cause_is_not_told_it_again() {
        let source = Error::from(ErrorKind::AlreadyExists);
        let error = anyhow::Error::new(OdsError::Write { path: "a.csv".to_owned(), source });
        assert_eq!(
            in_a_line(&error.context("exporting")),
            "exporting: cannot write a.csv: it is there already: choose another folder"
        );
    }
}
