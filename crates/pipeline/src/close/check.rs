//! Checks what was built before anybody sees it: declared tests, then the books against each other.

use daybook_model::manifest::Manifest;
use daybook_model::{audit, compile};
use daybook_warehouse::{Build, PublicationDraft};
use serde_json::json;

use super::assembly::Assembly;
use super::build::{Built, BuiltModel};
use super::steps::Steps;
use super::touched::{Touched, candidates};
use super::{measures, rows};
use crate::PipelineError;

/// What every measure of an order's date is counted in.
const FACT: &str = "dwd_orders_variant_status";

impl Assembly<'_> {
    /// Audits and reconciles; any finding stops the close.
    pub(super) async fn check(
        &self,
        build: &dyn Build,
        manifest: &Manifest,
        before: &PublicationDraft,
        built: &Built,
        steps: &mut dyn Steps,
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
        for (name, built) in &built.models {
            let Some(model) = self.registry.get(name) else { continue };
            for dates in built.portions() {
                let sql = compile::compile(&audit::failures_sql(model), &dates)
                    .map_err(|error| PipelineError::Compile(format!("audit of {}: {error}", model.name)))?;
                failures.extend(rows::lines(build.query(&sql).await?).await?);
            }
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
        ("parked_order_lines", Touched::HealedLines),
        ("transaction", Touched::Transactions),
    ] {
        let dates = touched.ask(build, manifest, &candidates(table, manifest, before)).await?;
        missing.extend(
            dates.into_iter().map(|date| format!("{table} of {date}: the replica differs from the dump")),
        );
    }
    Ok(missing)
}

async fn contradictions(build: &dyn Build, built: &Built) -> Result<Vec<String>, PipelineError> {
    let mut differences = Vec::new();
    for dates in built.models.get(FACT).map(BuiltModel::portions).unwrap_or_default() {
        for (date, measures) in measures::read(build.query(&measures::sql(&dates)?).await?).await? {
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
