//! Checks what was built before anybody sees it: declared tests, then the books against each other.

use daybook_model::manifest::Manifest;
use daybook_model::{audit, compile};
use daybook_warehouse::{Build, PublicationDraft};
use serde_json::json;

use super::build::Built;
use super::touched::{Touched, candidates};
use super::{Close, Steps, rows};
use crate::PipelineError;

impl Close<'_> {
    /// Audits and reconciles; any finding stops the close.
    pub(super) async fn check(
        &self,
        build: &dyn Build,
        manifest: &Manifest,
        before: &PublicationDraft,
        built: &Built,
        steps: &mut Steps<'_>,
    ) -> Result<(), PipelineError> {
        let started = steps.begin();
        let failures = self.audit(build, built).await?;
        steps.end("audit", started, json!({ "failures": failures.len() })).await?;
        stop_at(failures)?;

        let started = steps.begin();
        let mut differences = missing_from_replica(build, manifest, before).await?;
        differences.extend(contradictions(build, built).await?);
        steps.end("reconcile", started, json!({ "differences": differences.len() })).await?;
        stop_at(differences)
    }

    async fn audit(&self, build: &dyn Build, built: &Built) -> Result<Vec<String>, PipelineError> {
        let mut failures = Vec::new();
        for (name, dates) in &built.models {
            let Some(model) = self.registry.get(name) else { continue };
            let sql = compile::compile(&audit::failures_sql(model), dates)
                .map_err(|error| PipelineError::Compile(format!("audit of {}: {error}", model.name)))?;
            failures.extend(rows::lines(build.query(&sql).await?).await?);
        }
        Ok(failures)
    }
}

/// Nothing that the dump brought may be missing from the replica, or stand in it otherwise.
async fn missing_from_replica(
    build: &dyn Build,
    manifest: &Manifest,
    before: &PublicationDraft,
) -> Result<Vec<String>, PipelineError> {
    let mut missing = Vec::new();
    for (table, touched) in [
        ("orders", Touched::Orders),
        ("order_lines", Touched::OrderLines),
        ("transaction", Touched::Transactions),
    ] {
        let dates = touched.ask(build, &candidates(table, manifest, before)).await?;
        missing.extend(
            dates.into_iter().map(|date| format!("{table} of {date}: the replica differs from the dump")),
        );
    }
    Ok(missing)
}

async fn contradictions(build: &dyn Build, built: &Built) -> Result<Vec<String>, PipelineError> {
    let sql = include_str!("../../queries/reconcile/differences.sql");
    let sql = compile::compile(sql, &built.order_dates)
        .map_err(|error| PipelineError::Compile(format!("reconciliation: {error}")))?;
    rows::lines(build.query(&sql).await?).await
}

fn stop_at(findings: Vec<String>) -> Result<(), PipelineError> {
    let count = findings.len();
    match findings.into_iter().next() {
        Some(first) => Err(PipelineError::Unsound { count, first }),
        None => Ok(()),
    }
}
