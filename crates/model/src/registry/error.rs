//! What can be wrong with the model files, said with file and line.

use std::fmt;

/// A mistake in a model file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ModelError {
    /// Where it is.
    pub place: Place,
    /// What is wrong, and what to do.
    pub problem: String,
}

/// A place in a model file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, below the working folder; that of a shipped model below `models/`.
    pub file: String,
    /// The line, from 1; none for the file as a whole.
    pub line: Option<u64>,
}

impl Place {
    pub(super) fn file(file: &str) -> Self {
        Self { file: file.to_owned(), line: None }
    }

    pub(super) fn line(file: &str, line: u64) -> Self {
        Self { file: file.to_owned(), line: (line > 0).then_some(line) }
    }

    pub(super) fn wrong(&self, problem: impl Into<String>) -> ModelError {
        ModelError { place: self.clone(), problem: problem.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

/// The error of a YAML file that does not have the form of `what`.
pub(super) fn yaml(file: &str, error: &serde_saphyr::Error) -> ModelError {
    let line = error.location().map_or(0, |location| location.line());
    let text = error.without_snippet().to_string();
    let message = text.lines().next().unwrap_or("is not YAML");
    // the message ends with its place again
    Place::line(file, line).wrong(message.rsplit_once(" at line ").map_or(message, |(message, _)| message))
}

/// The error of a file whose SQL does not parse.
pub(super) fn sql(file: &str, error: &sqlparser::parser::ParserError) -> ModelError {
    let text = error.to_string();
    // the parser tells the line only in its text
    let line = text.rsplit_once("Line: ").and_then(|(_, rest)| rest.split(',').next()?.trim().parse().ok());
    let message = text.trim_start_matches("sql parser error: ");
    let message = message.rsplit_once(" at Line: ").map_or(message, |(message, _)| message);
    Place::line(file, line.unwrap_or_default()).wrong(message)
}
