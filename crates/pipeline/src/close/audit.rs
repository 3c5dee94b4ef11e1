//! Runs the tests that models declare, and keeps the rows for which they do not hold.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;
use daybook_model::{DataTest, Dialect, Model, PartitionDate, Registry, Severity, Tested};
use daybook_warehouse::{Build, QueryResult, Warehouse, WarehouseError};
use serde::Serialize;

use super::rows;
use crate::PipelineError;

/// Rows that are kept of a failing test.
const ROWS_KEPT: usize = 100;

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
    pub rows: Vec<serde_json::Map<String, serde_json::Value>>,
}

impl TestFailure {
    /// In one line, with the first row.
    pub fn line(&self) -> String {
        let model = self.model.as_deref().map(|model| format!("model {model}, ")).unwrap_or_default();
        let cells = self.rows.first().into_iter().flatten().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        });
        format!(
            "{model}test {}: {} row(s), such as {}",
            self.test,
            self.failures,
            cells.collect::<Vec<_>>().join(", ")
        )
    }
}

/// What tests look at.
#[derive(Clone, Copy)]
pub(super) enum Subject<'a> {
    /// What is being built.
    Build(&'a dyn Build),
    /// What is published.
    Published(&'a dyn Warehouse),
}

impl Subject<'_> {
    fn dialect(self) -> Dialect {
        match self {
            Self::Build(build) => build.dialect(),
            Self::Published(warehouse) => warehouse.dialect(),
        }
    }

    async fn query(self, sql: &str) -> Result<QueryResult, WarehouseError> {
        match self {
            Self::Build(build) => build.query(sql).await,
            Self::Published(warehouse) => warehouse.query(sql, &[]).await,
        }
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
    /// The tests of `model` that do not hold for `portions` of dates. Of a failure in several portions, the rows of all
    /// count.
    pub(super) async fn model(
        &self,
        model: &Model,
        portions: &[BTreeSet<PartitionDate>],
    ) -> Result<Vec<TestFailure>, PipelineError> {
        let tests: Vec<&DataTest> = model.data_tests.iter().filter(|test| self.can_run(test)).collect();
        let mut failures = Vec::new();
        for dates in portions {
            let found = self.run(Some(&model.name), &Tested::from(model), &tests, dates).await?;
            found.into_iter().for_each(|failure| add(&mut failures, failure));
        }
        Ok(failures)
    }

    /// The tests of their own that do not hold for `dates`, of those that read one of `models`.
    pub(super) async fn custom(
        &self,
        models: &BTreeSet<String>,
        dates: &BTreeSet<PartitionDate>,
    ) -> Result<Vec<TestFailure>, PipelineError> {
        let mut failures = Vec::new();
        for custom in self.registry.custom_tests() {
            let concerned = custom.reads.keys().any(|read| models.contains(read));
            let staged = custom.reads.keys().any(|read| is_staged(read));
            if concerned && (!staged || matches!(self.subject, Subject::Build(_))) {
                failures.extend(self.run(None, &Tested::CUSTOM, &[&custom.test], dates).await?);
            }
        }
        Ok(failures)
    }

    /// What a dump brings can be asked only while a close has it.
    fn can_run(&self, test: &DataTest) -> bool {
        matches!(self.subject, Subject::Build(_)) || !test.compares().is_some_and(is_staged)
    }

    async fn run(
        &self,
        model: Option<&str>,
        tested: &Tested<'_>,
        tests: &[&DataTest],
        dates: &BTreeSet<PartitionDate>,
    ) -> Result<Vec<TestFailure>, PipelineError> {
        let bad_rows = |test: &&DataTest| {
            let sql = test.bad_rows(tested, dates, self.as_of, self.subject.dialect());
            sql.map_err(|error| PipelineError::Compile(format!("test {}: {error}", test.name)))
        };
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
        for (number, count) in rows::pairs(self.subject.query(&sql).await?).await? {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            let (Some(test), Some(sql)) = (tests.get(number), queries.get(number)) else { continue };
            let sql = format!("select * from (\n{sql}\n) as bad_rows limit {ROWS_KEPT}");
            failures.push(TestFailure {
                model: model.map(str::to_owned),
                test: test.name.clone(),
                severity: test.severity,
                failures: count.unsigned_abs(),
                rows: rows::objects(self.subject.query(&sql).await?).await?,
            });
        }
        Ok(failures)
    }
}

fn is_staged(relation: &str) -> bool {
    relation.ends_with("_staging")
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
