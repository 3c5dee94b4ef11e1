//! Compiles a model's SQL for the dates being built, in the dialect of a back end.
//!
//! The variables are `:dates`, and `:lookback_dates`, which are those and the days before each that a model also
//! depends on. `x in (:dates)` becomes ranges that a table format can prune by, `values (:dates)` one row a date.

mod dates;
mod relations;
mod snowflake;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{CastKind, DataType, Expr, Statement, VisitMut, VisitorMut};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Span;

use crate::PartitionDate;
use dates::Dates;
use snowflake::Snowflake;

pub use relations::relocate;
pub use words::plain_words;

/// Whose SQL is written. One file serves all: it is written for the first, and rewritten where another would
/// understand it otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// DataFusion's, over Delta Lake tables.
    Delta,
    /// Snowflake's.
    Snowflake,
}

/// The SQL in `dialect` with `:dates` replaced by `dates`; with none, conditions on dates are false.
///
/// # Errors
/// The parser's error, with line and column, when `sql` is not SQL, has a variable where none can be, or says what
/// `dialect` cannot say in the same meaning.
pub fn compile(sql: &str, dates: &BTreeSet<PartitionDate>, dialect: Dialect) -> Result<String, ParserError> {
    with_lookback(sql, dates, 0, dialect)
}

/// The same, with `:lookback_dates` replaced by `dates` and the `days` days before each of them.
///
/// # Errors
/// As [`compile`].
pub fn with_lookback(
    sql: &str,
    dates: &BTreeSet<PartitionDate>,
    days: u32,
    dialect: Dialect,
) -> Result<String, ParserError> {
    let mut statements = Parser::parse_sql(&GenericDialect {}, sql)?;
    rewrite(&mut statements, &mut Dates::of(dates, days))?;
    match dialect {
        Dialect::Delta => {}
        Dialect::Snowflake => rewrite(&mut statements, &mut Snowflake::default())?,
    }
    Ok(written(&statements))
}

/// A question without dates in `dialect`; `$1`, `$2`, … in it, each once and in this order, stand for texts that it is
/// given when it is asked.
///
/// # Errors
/// As [`compile`].
pub fn question(sql: &str, dialect: Dialect) -> Result<String, ParserError> {
    let mut statements = Parser::parse_sql(&GenericDialect {}, sql)?;
    match dialect {
        Dialect::Delta => {}
        Dialect::Snowflake => rewrite(&mut statements, &mut Snowflake::default())?,
    }
    Ok(written(&statements))
}

fn written(statements: &[Statement]) -> String {
    statements.iter().map(Statement::to_string).collect::<Vec<_>>().join(";\n")
}

fn rewrite(
    statements: &mut Vec<Statement>,
    visitor: &mut impl VisitorMut<Break = ParserError>,
) -> Result<(), ParserError> {
    match statements.visit(visitor) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

/// An error at a place of the SQL, in the form of the parser's own.
fn mistake(place: Span, problem: &str) -> ParserError {
    ParserError::ParserError(format!(
        "{problem} at Line: {}, Column: {}",
        place.start.line, place.start.column
    ))
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}
