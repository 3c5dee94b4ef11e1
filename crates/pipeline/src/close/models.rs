//! Models by themselves: built again, or tested, without a dump.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use daybook_model::{Model, PartitionDate, portions, step};
use daybook_warehouse::{Publication, PublicationDraft, Warehouse, WarehouseError};
use serde_json::json;

use super::audit::{Auditor, Subject, TestFailure};
use super::build::{Built, outdated, past};
use super::materialize::materialize;
use super::rows;
use super::steps::{RecordedSteps, Steps};
use super::touched::{DATES_AT_A_TIME, asked};
use super::{Close, CloseReport, CloseSettings, DatePlan, ended};
use crate::PipelineError;
use crate::runs::{RunLock, RunRecord, RunState};

impl Close<'_> {
    /// Builds the tables of `models` for all their dates from what is published, and publishes; without any names, the
    /// tables that are new or changed. What they read and is out of date is built, too.
    ///
    /// # Errors
    /// As [`Close::run`], and when nothing was ever published.
    pub async fn rebuild(&self, models: &BTreeSet<String>) -> Result<CloseReport, PipelineError> {
        let started = Instant::now();
        let lock = RunLock::acquire(self.ods.pool()).await?;
        let rebuilt = self.rebuild_locked(models).await;
        ended(started, lock, rebuilt).await
    }

    async fn rebuild_locked(&self, models: &BTreeSet<String>) -> Result<CloseReport, PipelineError> {
        let published = self.warehouse.published().await?.ok_or(WarehouseError::NothingPublished)?;
        self.check_timezone(&published)?;
        let reasons = self.to_rebuild(models, &published);
        let bounds =
            published.draft.closed_dates.first().copied().zip(published.draft.closed_dates.last().copied());
        let record = RunRecord::start(self.ods.pool(), self.ods.clock(), bounds).await?;
        let mut steps = RecordedSteps { record, progress: self.progress, reports: Vec::new() };
        if reasons.is_empty() {
            steps.record.finish(RunState::Unchanged, None).await?;
            return Ok(CloseReport::unchanged(steps.record.id));
        }
        match self.rebuild_recorded(&reasons, &published, &mut steps).await {
            Ok((number, plan)) => {
                steps.record.published(number.cast_signed()).await?;
                self.costs(&mut steps).await?;
                steps.record.finish(RunState::Published, None).await?;
                let report = CloseReport::published(steps.record.id, number, plan);
                Ok(CloseReport { steps: std::mem::take(&mut steps.reports), ..report })
            }
            Err(error) => Err(steps.failed(error).await),
        }
    }

    /// The tables to build, and why.
    fn to_rebuild(
        &self,
        models: &BTreeSet<String>,
        published: &Publication,
    ) -> BTreeMap<String, &'static str> {
        let needed: BTreeSet<String> =
            models.iter().flat_map(|name| self.registry.dependencies(name)).collect();
        let tables = self.registry.models().iter().filter(|model| model.is_rebuildable());
        let reason = |model: &Model| {
            let outdated = outdated(model, self.registry, published);
            match models.contains(&model.name) {
                true => Some(outdated.unwrap_or("asked for")),
                false => outdated.filter(|_| models.is_empty() || needed.contains(&model.name)),
            }
        };
        tables.filter_map(|model| Some((model.name.clone(), reason(model)?))).collect()
    }

    async fn rebuild_recorded(
        &self,
        reasons: &BTreeMap<String, &'static str>,
        published: &Publication,
        steps: &mut RecordedSteps<'_>,
    ) -> Result<(u64, DatePlan), PipelineError> {
        let before = &published.draft;
        // the statuses that the other tables were built with
        let assembly = self.assembly(steps.record.id);
        let build = assembly.begin(published, &before.paid_statuses).await?;
        let mut plan = DatePlan::new();
        let mut models = Vec::new();
        for model in self.registry.models() {
            let Some(reason) = reasons.get(&model.name) else { continue };
            let dates = past(model, build.as_ref(), &before.closed_dates).await?;
            for date in &dates {
                plan.entry(*date).or_default().insert(reason);
            }
            models.push((model, dates));
        }
        let models = materialize(build.as_ref(), self.registry, models, steps).await?;
        let built = Built { plan, models, newly_closed: BTreeSet::new() };
        assembly.check(build.as_ref(), None, before, &built, steps).await?;
        let started = steps.begin();
        let draft = self.redrafted(steps.record.id, reasons, before);
        let publication = build.publish(draft).await?;
        steps.end(step::PUBLISH, started, json!({ "publication": publication.number })).await?;
        Ok((publication.number, built.plan))
    }

    /// What was published, but for what was built.
    fn redrafted(
        &self,
        run_id: i64,
        reasons: &BTreeMap<String, &'static str>,
        before: &PublicationDraft,
    ) -> PublicationDraft {
        let mut draft = PublicationDraft { run_id, published_at: self.ods.clock().now(), ..before.clone() };
        let fingerprints = self.registry.fingerprints().iter();
        let rebuilt = fingerprints.filter(|(name, _)| reasons.contains_key(*name));
        draft.models.extend(rebuilt.map(|(name, fingerprint)| (name.clone(), fingerprint.clone())));
        draft
    }
}

/// The tests of `models` that do not hold for what `warehouse` has published, over all dates.
///
/// # Errors
/// When nothing was published, or a query fails.
pub async fn test_published(
    warehouse: &dyn Warehouse,
    registry: &daybook_model::Registry,
    settings: &CloseSettings,
    models: &BTreeSet<String>,
) -> Result<Vec<TestFailure>, PipelineError> {
    let published = warehouse.published().await?.ok_or(WarehouseError::NothingPublished)?;
    let closed = &published.draft.closed_dates;
    let as_of = closed.last().map(|last| settings.timezone.end_of(*last)).unwrap_or_default();
    let auditor = Auditor { registry, subject: Subject::Published(warehouse), as_of };
    let mut audited = Vec::new();
    for model in registry.models().iter().filter(|model| models.contains(&model.name)) {
        let dates = match model.is_partitioned() {
            true => held_dates(warehouse, model).await?,
            false => closed.clone(),
        };
        // what has no date is looked at as a whole
        let portions = if model.is_dated() { portions(&dates, DATES_AT_A_TIME, |_| 1) } else { vec![dates] };
        audited.push((model, portions));
    }
    auditor.all(&audited, models, closed).await
}

async fn held_dates(
    warehouse: &dyn Warehouse,
    model: &Model,
) -> Result<BTreeSet<PartitionDate>, PipelineError> {
    let sql = format!("select distinct partition_date from \"{}\"", model.name);
    let sql = asked(&sql, warehouse.dialect())?;
    rows::dates(warehouse.query(&sql, &[]).await?).await
}
