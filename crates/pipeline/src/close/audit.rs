//! Runs the tests that models declare, and keeps the rows for which they do not hold.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use daybook_model::manifest::table_staged_as;
use daybook_model::{DataTest, Dialect, Model, Registry, Severity, Tested};
use daybook_warehouse::{Build, QueryResult, Warehouse, WarehouseError};
use futures::FutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::{Dates, rows};
use crate::PipelineError;
use crate::runs::in_words;

/// While one question is planned, another one is answered.
const AUDITS_AT_A_TIME: usize = 2;

/// Rows that are kept of a failing test.
const ROWS_KEPT: usize = 100;

type Row = serde_json::Map<String, serde_json::Value>;

/// A test that does not hold.
#[derive(Clone, Debug, Serialize)]
pub struct TestFailure {
    /// The model; none for a test that is SQL of its own.
    pub model: Option<String>,
    /// The test.
    pub test: String,
    /// What that means.
    pub severity: Severity,
    /// How many rows are wrong.
    pub failures: u64,
    /// The first of them, by column.
    pub rows: Vec<Row>,
}

impl TestFailure {
    /// In one line, with the first row.
    pub fn line(&self) -> String {
        let model = self.model.as_deref().map(|model| format!("model {model}, ")).unwrap_or_default();
        let first = self.rows.first().map(in_words).unwrap_or_default();
        format!("{model}test {}: {} row(s), such as {first}", self.test, self.failures)
    }
}

/// What tests look at.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// What is being built.
    Build {
        /// The build.
        build: &'a dyn Build,
        /// Whether it has staged a dump.
        has_dump: bool,
    },
    /// What is published.
    Published(&'a dyn Warehouse),
}

impl Subject<'_> {
    fn dialect(self) -> Dialect {
        match self {
            Self::Build { build, .. } => build.dialect(),
            Self::Published(warehouse) => warehouse.dialect(),
        }
    }

    async fn query(self, sql: &str) -> Result<QueryResult, WarehouseError> {
        match self {
            Self::Build { build, .. } => build.query(sql).await,
            Self::Published(warehouse) => warehouse.query(sql, &[]).await,
        }
    }

    /// What a dump brings can be asked only while a close has it.
    fn shows(self, relation: &str) -> bool {
        table_staged_as(relation).is_none() || matches!(self, Self::Build { has_dump: true, .. })
    }
}

/// Tests, and when it is.
#[derive(Clone, Copy)]
pub(super) struct Auditor<'a> {
    pub(super) registry: &'a Registry,
    pub(super) subject: Subject<'a>,
    /// The end of the last closed date, in UTC.
    pub(super) as_of: NaiveDateTime,
}

impl Auditor<'_> {
    /// The tests that do not hold: those of each model for its portions of dates, and then, for `dates`, the tests of
    /// their own that read one of `models`.
    pub(super) async fn all(
        &self,
        audited: &[(&Model, Vec<Dates>)],
        models: &BTreeSet<String>,
        dates: &Dates,
    ) -> Result<Vec<TestFailure>, PipelineError> {
        let of_models = audited.iter().map(|(model, portions)| self.model(model, portions).boxed());
        let concerned = self.registry.custom_tests().iter().filter(|custom| {
            custom.reads.keys().any(|read| models.contains(read))
                && custom.reads.keys().all(|read| self.subject.shows(read))
        });
        let of_their_own = concerned.map(|custom| self.custom(&custom.test, dates).boxed());
        stream::iter(of_models.chain(of_their_own)).buffered(AUDITS_AT_A_TIME).try_concat().await
    }

    /// The tests of `model` that do not hold for `portions` of dates. Of a failure in several portions, the rows of all
    /// count. How fresh the rows are is asked once, also when there are no portions: what was not built grows old.
    async fn model(&self, model: &Model, portions: &[Dates]) -> Result<Vec<TestFailure>, PipelineError> {
        let can_run = |test: &&DataTest| test.compares().is_none_or(|other| self.subject.shows(other));
        let tests = model.data_tests.iter().filter(can_run);
        let (of_age, tests): (Vec<&DataTest>, Vec<&DataTest>) = tests.partition(|test| test.is_of_age());
        let mut failures = self.run(Some(&model.name), &Tested::from(model), &of_age, &Dates::new()).await?;
        for dates in portions {
            let found = self.run(Some(&model.name), &Tested::from(model), &tests, dates).await?;
            found.into_iter().for_each(|failure| add(&mut failures, failure));
        }
        Ok(failures)
    }

    async fn custom(&self, test: &DataTest, dates: &Dates) -> Result<Vec<TestFailure>, PipelineError> {
        self.run(None, &Tested::CUSTOM, &[test], dates).await
    }

    async fn run(
        &self,
        model: Option<&str>,
        tested: &Tested<'_>,
        tests: &[&DataTest],
        dates: &Dates,
    ) -> Result<Vec<TestFailure>, PipelineError> {
        let dialect = self.subject.dialect();
        let uncompiled =
            |test: &DataTest, error| PipelineError::Compile(format!("test {}: {error}", test.name));
        let bad_rows = |test: &&DataTest| {
            test.bad_rows(tested, dates, self.as_of, dialect).map_err(|error| uncompiled(test, error))
        };
        let named = |error: PipelineError| named(model, tests, error);
        let queries: Vec<String> = tests.iter().map(bad_rows).collect::<Result<_, _>>()?;
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let counted = queries.iter().enumerate().map(|(number, sql)| {
            format!("select {number} as test, count(*) as failures from (\n{sql}\n) as bad_rows")
        });
        let sql = format!(
            "select test, failures from (\n{}\n) as tests where failures > 0 order by test",
            counted.collect::<Vec<_>>().join("\nunion all\n")
        );
        let mut failures = Vec::new();
        for (number, count) in self.pairs(&sql).await.map_err(named)? {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            let (Some(test), Some(sql)) = (tests.get(number), queries.get(number)) else { continue };
            let evidence = test.evidence(tested, dialect).map_err(|error| uncompiled(test, error))?;
            let sql = evidence.as_ref().unwrap_or(sql);
            let sql = format!("select * from (\n{sql}\n) as bad_rows limit {ROWS_KEPT}");
            failures.push(TestFailure {
                model: model.map(str::to_owned),
                test: test.name.clone(),
                severity: test.severity,
                failures: count.unsigned_abs(),
                rows: self.objects(&sql).await.map_err(named)?,
            });
        }
        Ok(failures)
    }

    async fn pairs(&self, sql: &str) -> Result<Vec<(i64, i64)>, PipelineError> {
        rows::pairs(self.subject.query(sql).await?).await
    }

    async fn objects(&self, sql: &str) -> Result<Vec<Row>, PipelineError> {
        rows::objects(self.subject.query(sql).await?).await
    }
}

/// The error of asking `tests`, with their names: of one query for all of them it is not known which is to blame.
fn named(model: Option<&str>, tests: &[&DataTest], error: PipelineError) -> PipelineError {
    let PipelineError::Warehouse(source) = error else { return error };
    let names = tests.iter().map(|test| test.name.as_str()).collect::<Vec<_>>().join(", ");
    let model = model.map(|model| format!("model {model}, ")).unwrap_or_default();
    PipelineError::Test { test: format!("{model}test {names}"), source }
}

fn add(failures: &mut Vec<TestFailure>, failure: TestFailure) {
    let same = |held: &&mut TestFailure| held.test == failure.test && held.severity == failure.severity;
    match failures.iter_mut().find(same) {
        None => failures.push(failure),
        Some(held) => {
            held.failures += failure.failures;
            held.rows.extend(failure.rows);
            held.rows.truncate(ROWS_KEPT);
        }
    }
}
