//! What became of earlier runs.

use chrono::{NaiveDate, NaiveDateTime};
use daybook_model::step;
use serde::Serialize;
use sqlx::{FromRow, PgPool};

use super::RunState;
use crate::PipelineError;

/// A run.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct RunSummary {
    /// Counts runs.
    pub id: i64,
    /// What became of it.
    pub state: RunState,
    /// The first date that was asked for; none for all that was due.
    pub from_date: Option<NaiveDate>,
    /// The last one.
    pub to_date: Option<NaiveDate>,
    /// When it began, UTC.
    pub started_at: NaiveDateTime,
    /// When it ended, UTC.
    pub finished_at: Option<NaiveDateTime>,
    /// The publication that it made.
    pub publication: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
}

/// The last runs, newest first.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn list(pool: &PgPool, limit: u32) -> Result<Vec<RunSummary>, PipelineError> {
    let query = sqlx::query_as(include_str!("../../queries/run/list.sql"));
    Ok(query.bind(i64::from(limit)).fetch_all(pool).await?)
}

/// A step of a run.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct RunStep {
    /// Its place among the run's steps, from 1.
    pub position: i32,
    /// Its name; that of the table, for one that builds a table.
    pub name: String,
    /// When it began, UTC.
    pub started_at: NaiveDateTime,
    /// When it ended, UTC.
    pub finished_at: NaiveDateTime,
    /// What it counted.
    pub metrics: serde_json::Value,
}

/// The run of that id, and its steps in order; none if there is no such run.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn find(pool: &PgPool, id: i64) -> Result<Option<(RunSummary, Vec<RunStep>)>, PipelineError> {
    let run =
        sqlx::query_as(include_str!("../../queries/run/find.sql")).bind(id).fetch_optional(pool).await?;
    let Some(run) = run else { return Ok(None) };
    let steps = sqlx::query_as(include_str!("../../queries/run_step/list.sql"));
    Ok(Some((run, steps.bind(id).fetch_all(pool).await?)))
}

/// A test that did not hold in a run.
#[derive(Clone, Debug, Serialize, FromRow)]
pub struct FailedTest {
    /// The model; none for a test that is SQL of its own.
    pub model: Option<String>,
    /// The test.
    pub test: String,
    /// `error` stopped the close, `warn` did not.
    pub severity: String,
    /// How many rows were wrong.
    pub failures: i64,
    /// At most the first hundred of them, by column.
    pub rows: serde_json::Value,
}

impl FailedTest {
    /// The first row that was wrong, in words.
    pub fn first_row(&self) -> String {
        let row = self.rows.get(0).and_then(serde_json::Value::as_object);
        row.map(in_words).unwrap_or_default()
    }
}

/// A row, column by column.
pub(crate) fn in_words(row: &serde_json::Map<String, serde_json::Value>) -> String {
    let cell = |(name, value): (&String, &serde_json::Value)| match value {
        serde_json::Value::Null => format!("{name} (none)"),
        serde_json::Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    };
    row.iter().map(cell).collect::<Vec<_>>().join(", ")
}

/// The tests that did not hold in the run of that id, errors first.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn failed_tests(pool: &PgPool, id: i64) -> Result<Vec<FailedTest>, PipelineError> {
    let query = sqlx::query_as(include_str!("../../queries/test_failure/list.sql"));
    Ok(query.bind(id).fetch_all(pool).await?)
}

/// The tests that did not hold in the last run that tested anything.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn last_failed_tests(pool: &PgPool) -> Result<Vec<FailedTest>, PipelineError> {
    let last = sqlx::query_scalar("select max(run_id) from daybook.run_step where name = $1");
    match last.bind(step::AUDIT).fetch_one(pool).await? {
        Some(id) => failed_tests(pool, id).await,
        None => Ok(Vec::new()),
    }
}

/// How many runs there are in each state, and when the last one published.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn count(pool: &PgPool) -> Result<(Vec<(String, i64)>, Option<NaiveDateTime>), PipelineError> {
    let by_state = sqlx::query_as("select state, count(*) from daybook.run group by state");
    let last = sqlx::query_scalar("select max(finished_at) from daybook.run where state = 'published'");
    Ok((by_state.fetch_all(pool).await?, last.fetch_one(pool).await?))
}
