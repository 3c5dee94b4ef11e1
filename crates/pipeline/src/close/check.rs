//! Checks what was built before anybody sees it: declared tests, then the books against each other.

use std::collections::{BTreeMap, BTreeSet};

use daybook_model::manifest::Manifest;
use daybook_model::{Kind, Model, PartitionDate, Severity, portions, step};
use daybook_warehouse::{Build, PublicationDraft};
use serde_json::json;

use super::assembly::Assembly;
use super::audit::{Auditor, Subject, TestFailure};
use super::build::Built;
use super::period::Period;
use super::steps::Steps;
use super::touched::{DATES_AT_A_TIME, ROWS_AT_A_TIME, Touched, asked, candidates};
use super::{measures, rows};
use crate::PipelineError;

impl Assembly<'_> {
    /// Audits and reconciles, with the dump and what was asked for if there was one; any finding stops the close.
    pub(super) async fn check(
        &self,
        build: &dyn Build,
        dump: Option<(&Manifest, &Period)>,
        before: &PublicationDraft,
        built: &Built,
        steps: &mut dyn Steps,
    ) -> Result<(), PipelineError> {
        let started = steps.begin();
        let failures = self.audit(build, dump.is_some(), before, built).await?;
        for failure in &failures {
            steps.test_failed(failure).await?;
        }
        let (warnings, errors): (Vec<_>, Vec<_>) =
            failures.iter().partition(|failure| failure.severity == Severity::Warn);
        let metrics = json!({ "failures": errors.len(), "warnings": warnings.len() });
        steps.end(step::AUDIT, started, metrics).await?;
        stop_at(errors.into_iter().map(TestFailure::line).collect())?;
        let started = steps.begin();
        let mut differences = match dump {
            Some((manifest, period)) => missing_from_replica(build, manifest, before, period).await?,
            None => Vec::new(),
        };
        differences.extend(shrunk(build, built).await?);
        differences.extend(contradictions(build, built).await?);
        steps.end(step::RECONCILE, started, json!({ "differences": differences.len() })).await?;
        stop_at(differences)
    }

    /// The tests of all that was built, and of the dated views that read it. Views without a date would be read from
    /// the beginning; `daybook models test` does.
    pub(super) async fn audit(
        &self,
        build: &dyn Build,
        has_dump: bool,
        before: &PublicationDraft,
        built: &Built,
    ) -> Result<Vec<TestFailure>, PipelineError> {
        let last = before.closed_dates.last().max(built.newly_closed.last()).copied();
        let as_of = last.map_or(self.now, |last| self.settings.timezone.end_of(last));
        let auditor = Auditor { registry: self.registry, subject: Subject::Build { build, has_dump }, as_of };
        let mut audited = Vec::new();
        for model in self.registry.models() {
            let own = match built.models.get(&model.name) {
                // what has no partitions is looked at as a whole
                Some(_) if !model.is_partitioned() => vec![BTreeSet::new()],
                Some(built) => built.portions(),
                None if !model.is_stored() && model.is_dated() => {
                    self.dates_of_view(model, build, before, built).await?
                }
                None => Vec::new(),
            };
            audited.push((model, own));
        }
        let concerned = audited.iter().filter(|(_, own)| !own.is_empty());
        let concerned = concerned.map(|(model, _)| model.name.clone()).collect();
        let dates = built.models.values().flat_map(|model| &model.dates).copied().collect();
        auditor.all(&audited, &concerned, &dates).await
    }

    /// Portions of the dates of a view that may have changed: those of all tables that it reads; all closed ones if it
    /// reads a table that was built as a whole.
    async fn dates_of_view(
        &self,
        view: &Model,
        build: &dyn Build,
        before: &PublicationDraft,
        built: &Built,
    ) -> Result<Vec<BTreeSet<PartitionDate>>, PipelineError> {
        let is_whole = |name: &String| self.registry.get(name).is_some_and(|read| read.kind == Kind::Table);
        let read = self.registry.tables_read(&view.name);
        if read.iter().any(is_whole) {
            let closed = before.closed_dates.union(&built.newly_closed).copied().collect();
            return Ok(portions(&closed, DATES_AT_A_TIME, |_| 1));
        }
        dates_built(build, built, read.iter().map(String::as_str)).await
    }
}

/// Portions of the dates of which any of `tables` was built, by the one that holds the most.
async fn dates_built<'a>(
    build: &dyn Build,
    built: &Built,
    tables: impl Iterator<Item = &'a str>,
) -> Result<Vec<BTreeSet<PartitionDate>>, PipelineError> {
    let mut rows: BTreeMap<PartitionDate, u64> = BTreeMap::new();
    for table in tables {
        let Some(model) = built.models.get(table) else { continue };
        let held = build.rows(table).await?;
        for date in &model.dates {
            let most = rows.entry(*date).or_default();
            *most = held.get(date).copied().unwrap_or_default().max(*most);
        }
    }
    let dates = rows.keys().copied().collect();
    Ok(portions(&dates, ROWS_AT_A_TIME, |date| rows.get(&date).copied().unwrap_or_default()))
}

/// Nothing that the dump brought may be missing from the replica, or stand in it otherwise.
async fn missing_from_replica(
    build: &dyn Build,
    manifest: &Manifest,
    before: &PublicationDraft,
    period: &Period,
) -> Result<Vec<String>, PipelineError> {
    let mut missing = Vec::new();
    for (table, touched) in [
        ("orders", Touched::Orders),
        ("order_lines", Touched::OrderLines),
        ("parked_order_lines", Touched::HealedLines),
        ("transaction", Touched::Transactions),
    ] {
        let candidates = candidates(table, manifest, before, &period.days);
        let dates = touched.ask(build, manifest, &candidates).await?;
        missing.extend(
            dates.into_iter().map(|date| format!("{table} of {date}: the replica differs from the dump")),
        );
    }
    Ok(missing)
}

/// Merging replaces rows and moves them; it never makes them fewer.
async fn shrunk(build: &dyn Build, built: &Built) -> Result<Vec<String>, PipelineError> {
    let mut shrunk = Vec::new();
    for table in ["orders", "order_lines", "transaction"] {
        if built.models.get(table).is_none_or(|merged| merged.dates.is_empty()) {
            continue;
        }
        let sql = format!(
            "select (select count(*) from published.\"{table}\") as before, (select count(*) from \"{table}\") as after"
        );
        let counts = rows::pairs(build.query(&asked(&sql, build.dialect())?).await?).await?;
        let fewer = counts.into_iter().filter(|(before, after)| after < before);
        shrunk.extend(fewer.map(|(before, after)| {
            format!(
                "{table}: the replica has lost {} of the {before} rows that are published",
                before - after
            )
        }));
    }
    Ok(shrunk)
}

async fn contradictions(build: &dyn Build, built: &Built) -> Result<Vec<String>, PipelineError> {
    let mut differences = Vec::new();
    for dates in dates_built(build, built, measures::TABLES.into_iter()).await? {
        let sql = measures::sql(&dates, build.dialect())?;
        for (date, measures) in measures::read(build.query(&sql).await?).await? {
            differences.extend(measures.contradictions().into_iter().map(|line| format!("{date}: {line}")));
        }
    }
    Ok(differences)
}

fn stop_at(findings: Vec<String>) -> Result<(), PipelineError> {
    let count = findings.len();
    match findings.into_iter().next() {
        Some(first) => Err(PipelineError::Unsound { count, first }),
        None => Ok(()),
    }
}
