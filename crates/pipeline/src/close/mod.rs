//! One close, step by step.

mod assembly;
mod audit;
mod build;
mod check;
mod expire;
mod materialize;
mod measures;
mod models;
mod period;
mod plan;
mod reconcile;
mod report;
mod rows;
mod steps;
mod touched;

use std::collections::BTreeSet;
use std::time::Instant;

use daybook_model::manifest::{Manifest, TableDump};
use daybook_model::{BusinessTimezone, PartitionDate, Registry, step};
use daybook_ods::Ods;
use daybook_warehouse::{DUMPS, LOOK, Publication, PublicationDraft, Warehouse};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::json;

use crate::PipelineError;
use crate::runs::{RunLock, RunRecord, RunState};
use period::Period;
use steps::{RecordedSteps, Steps};

pub use assembly::Assembly;
pub use audit::TestFailure;

pub use measures::Measures;
pub use models::test_published;
pub use period::ClosePeriod;
pub use plan::{ClosePlan, PlannedRows, TablePlan};
pub use reconcile::{ReconciledDate, Reconciliation};
pub use report::{CloseReport, CloseState, DatePlan, StepReport};

type Dates = BTreeSet<PartitionDate>;

/// What a close needs to know of the shop.
#[derive(Clone, Debug)]
pub struct CloseSettings {
    /// The zone in which days begin and end.
    pub timezone: BusinessTimezone,
    /// How long after a day's end its close becomes due, so that late batches can arrive.
    pub buffer: chrono::TimeDelta,
    /// The statuses that mean paid.
    pub paid_statuses: Vec<String>,
    /// How many whole business days the ODS keeps.
    pub retention_days: u64,
    /// How many publications stay readable, the last one included.
    pub keep_publications: usize,
}

/// Closes days: dump → replica → models → checks → publish → expire.
///
/// Each step may be repeated: a close that is killed anywhere leaves the published state as it was, and the next one
/// starts from it. One close at a time; a second one fails at once.
pub struct Close<'a> {
    /// Where the rows come from.
    pub ods: &'a Ods,
    /// Where the books go.
    pub warehouse: &'a dyn Warehouse,
    /// The models to build.
    pub registry: &'a Registry,
    /// What to know of the shop.
    pub settings: &'a CloseSettings,
    /// Hears of each step as it ends.
    pub progress: &'a (dyn Fn(&StepReport) + Sync),
}

impl Close<'_> {
    /// Closes `period` and publishes; dates before it that late rows touched are built again too.
    ///
    /// # Errors
    /// Any [`PipelineError`]. Before the publish, the published state is as it was and nothing has left the ODS; what
    /// fails after it (marking, expiry, cleaning up) is made up for by the next close.
    pub async fn run(&self, period: ClosePeriod) -> Result<CloseReport, PipelineError> {
        let started = Instant::now();
        let mut lock = RunLock::acquire(self.ods.pool()).await?;
        let closed = self.run_locked(period, &mut lock).await;
        ended(started, lock, closed).await
    }

    async fn run_locked(
        &self,
        period: ClosePeriod,
        lock: &mut RunLock,
    ) -> Result<CloseReport, PipelineError> {
        let published = self.warehouse.published().await?.unwrap_or_default();
        self.check_timezone(&published)?;
        let Some(period) = self.resolve(period, &published).await? else {
            return Ok(CloseReport::nothing_to_close());
        };
        let record = RunRecord::start(self.ods.pool(), self.ods.clock(), period.bounds()).await?;
        let mut steps = RecordedSteps { record, progress: self.progress, reports: Vec::new() };
        match self.run_recorded(&period, published, lock, &mut steps).await {
            Ok(report) => Ok(report),
            Err(error) => Err(steps.failed(error).await),
        }
    }

    async fn run_recorded(
        &self,
        period: &Period,
        published: Publication,
        lock: &mut RunLock,
        steps: &mut RecordedSteps<'_>,
    ) -> Result<CloseReport, PipelineError> {
        // a close that was killed right after publishing may not have marked what it took in
        self.mark(&published).await?;
        self.drop_old_dumps(steps.record.id).await?;
        let started = steps.begin();
        let healed = self.ods.heal_parked(self.settings.timezone).await?;
        let manifest = self.dump(steps.record.id, period.cutoff).await?;
        steps.end(step::DUMP, started, dump_metrics(&manifest, healed.order_lines + healed.variants)).await?;

        let assembly = self.assembly(steps.record.id);
        let last_closed_before = published.draft.closed_dates.last().copied();
        let (report, last_closed) = match assembly.assemble(&manifest, &published, period, steps).await? {
            None => {
                self.ods.mark_published(published.number.cast_signed(), &manifest.loads, &[]).await?;
                steps.record.finish(RunState::Unchanged, None).await?;
                (CloseReport::unchanged(steps.record.id), last_closed_before)
            }
            Some((publication, plan)) => {
                steps.record.published(publication.number.cast_signed()).await?;
                self.costs(steps).await?;
                self.mark(&publication).await?;
                steps.record.finish(RunState::Published, None).await?;
                let last_closed = publication.draft.closed_dates.last().copied();
                (CloseReport::published(steps.record.id, publication.number, plan), last_closed)
            }
        };
        // what follows deletes
        lock.check().await?;
        self.expire(last_closed, steps).await?;
        lock.check().await?;
        self.vacuum(steps).await?;
        Ok(CloseReport { steps: std::mem::take(&mut steps.reports), ..report })
    }

    fn assembly(&self, run_id: i64) -> Assembly<'_> {
        let Self { warehouse, registry, settings, .. } = *self;
        Assembly { warehouse, registry, settings, run_id, now: self.ods.clock().now() }
    }

    fn check_timezone(&self, published: &Publication) -> Result<(), PipelineError> {
        let configured = self.settings.timezone.name();
        let built = &published.draft.business_timezone;
        if published.number > 0 && built != configured {
            return Err(PipelineError::Timezone { built: built.clone(), configured });
        }
        Ok(())
    }

    async fn dump(&self, run_id: i64, cutoff: PartitionDate) -> Result<Manifest, PipelineError> {
        let storage = self.warehouse.storage();
        let prefix = storage.path(DUMPS);
        Ok(self.ods.dump(storage.store(), &prefix, run_id, cutoff, self.settings.timezone).await?)
    }

    /// Marks loads, and the parked lines that `publication` healed, as taken in; marking again changes nothing. The ids
    /// that another ODS gave mean other rows here.
    async fn mark(&self, publication: &Publication) -> Result<(), PipelineError> {
        let PublicationDraft { source, loads, healed_lines, .. } = &publication.draft;
        if source.is_some() && *source != Some(self.ods.identity().await?) {
            return Ok(());
        }
        Ok(self.ods.mark_published(publication.number.cast_signed(), loads, healed_lines).await?)
    }

    /// Notes what the run has cost. Not to know it is no reason to stop.
    async fn costs(&self, steps: &mut RecordedSteps<'_>) -> Result<(), PipelineError> {
        let (started, run) = (steps.begin(), steps.record.id);
        match self.warehouse.costs(run).await {
            Ok(costs) if costs.is_empty() => Ok(()),
            Ok(costs) => steps.end(step::COSTS, started, json!(costs)).await,
            Err(error) => {
                tracing::warn!(run, %error, "what the run has cost is not known");
                Ok(())
            }
        }
    }

    async fn vacuum(&self, steps: &mut RecordedSteps<'_>) -> Result<(), PipelineError> {
        let started = steps.begin();
        let leftovers = steps.record.follows_a_failure().await?;
        let removed = self.warehouse.vacuum(self.settings.keep_publications, leftovers).await?;
        steps.end(step::VACUUM, started, json!(removed)).await
    }

    /// Dumps serve one run, whatever became of it; what is published does not need them.
    async fn drop_old_dumps(&self, current: i64) -> Result<(), PipelineError> {
        let storage = self.warehouse.storage();
        let in_use = [current, LOOK].map(|dump| storage.path(&format!("{DUMPS}/{dump}")));
        let dumps = storage.store().list_with_delimiter(Some(&storage.path(DUMPS))).await?;
        for dump in dumps.common_prefixes.iter().filter(|dump| !in_use.contains(dump)) {
            self.drop_dump(dump).await?;
        }
        Ok(())
    }

    async fn drop_dump(&self, dump: &Path) -> Result<(), PipelineError> {
        let store = self.warehouse.storage().store();
        let objects: Vec<_> = store.list(Some(dump)).try_collect().await?;
        for object in objects {
            store.delete(&object.location).await?;
        }
        Ok(())
    }
}

/// Lets others close, and adds how long they could not.
async fn ended(
    started: Instant,
    lock: RunLock,
    closed: Result<CloseReport, PipelineError>,
) -> Result<CloseReport, PipelineError> {
    let report = lock.release(closed).await?;
    Ok(CloseReport { seconds: started.elapsed().as_secs_f64(), ..report })
}

fn dump_metrics(manifest: &Manifest, healed: u64) -> serde_json::Value {
    let rows = |dump: &TableDump| dump.files.iter().map(|file| file.rows).sum::<u64>();
    let tables: serde_json::Map<_, _> =
        manifest.tables.iter().map(|(name, dump)| (name.clone(), rows(dump).into())).collect();
    json!({ "rows": tables, "healed": healed })
}
