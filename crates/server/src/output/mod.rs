//! What Daybook prints: tables for people, CSV and JSON for programs. Answers go to standard output, everything
//! else to standard error.

mod loads;
mod progress;
mod rows;

use clap::ValueEnum;

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
    // the errors of Daybook's crates tell their cause themselves
    eprintln!("error: {error}");
}

/// Prints a remark for people.
#[expect(clippy::print_stderr, reason = "the command line's own output")]
pub(crate) fn remark(text: &str) {
    eprintln!("{text}");
}

/// Prints a line of an answer.
#[expect(clippy::print_stdout, reason = "the command line's own output")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Prints a value as indented JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?);
    Ok(())
}
