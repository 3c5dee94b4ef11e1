//! One close, step by step.

mod build;
mod check;
mod expire;
mod period;
mod report;
mod rows;
mod touched;

use std::time::Instant;

use daybook_model::manifest::{Manifest, TableDump};
use daybook_model::{BusinessTimezone, PartitionDate, Registry};
use daybook_ods::Ods;
use daybook_warehouse::{Build, Publication, PublicationDraft, SourceHashes, Warehouse};
use futures::TryStreamExt;
use object_store::ObjectStoreExt;
use serde::Serialize;
use serde_json::json;

use crate::PipelineError;
use crate::runs::{RunLock, RunRecord, RunState};
use build::Built;
use period::Period;

pub use period::ClosePeriod;
pub use report::{CloseReport, CloseState, DatePlan, StepReport};

/// Where dumps lie below the warehouse.
const DUMPS: &str = "dumps";

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
        let lock = RunLock::acquire(self.ods.pool()).await?;
        let closed = self.run_locked(period).await;
        let released = lock.release().await;
        let report = closed?;
        released?;
        Ok(report)
    }

    async fn run_locked(&self, period: ClosePeriod) -> Result<CloseReport, PipelineError> {
        let published = self.warehouse.published().await?.unwrap_or_default();
        self.check_timezone(&published)?;
        let Some(period) = self.resolve(period, &published).await? else {
            return Ok(CloseReport::nothing_to_close());
        };
        let record = RunRecord::start(self.ods.pool(), self.ods.clock(), period.bounds()).await?;
        let mut steps = Steps { record, progress: self.progress, reports: Vec::new() };
        match self.run_recorded(&period, published, &mut steps).await {
            Ok(report) => Ok(report),
            Err(error) => {
                // the error that stopped the run matters more than one met while noting it
                if let Err(unnoted) = steps.record.finish(RunState::Failed, Some(&error.to_string())).await {
                    tracing::warn!(run = steps.record.id, error = %unnoted, "could not note that the run failed");
                }
                Err(error)
            }
        }
    }

    async fn run_recorded(
        &self,
        period: &Period,
        published: Publication,
        steps: &mut Steps<'_>,
    ) -> Result<CloseReport, PipelineError> {
        if published.number > 0 {
            // a close that was killed right after publishing may not have marked what it took in
            self.mark(&published, &published.draft.loads).await?;
        }
        let started = steps.begin();
        let healed = self.ods.heal_parked(self.settings.timezone).await?;
        let manifest = self.dump(steps.record.id, period.cutoff).await?;
        steps.end("dump", started, dump_metrics(&manifest, healed.order_lines + healed.variants)).await?;

        let mut build = self.warehouse.begin(&self.settings.paid_statuses).await?;
        build.stage(&manifest).await?;
        let built = Built::by(build.as_mut(), self, &manifest, &published, period, steps).await?;
        let closed_before = &published.draft.closed_dates;
        let last_closed = closed_before.last().max(built.newly_closed.last()).copied();
        let report = if built.plan.is_empty() {
            self.mark(&published, &manifest.loads).await?;
            steps.record.finish(RunState::Unchanged, None).await?;
            CloseReport::unchanged(steps.record.id)
        } else {
            self.check(build.as_ref(), &manifest, &published.draft, &built, steps).await?;
            let publication = self.publish(build, &manifest, published.draft, &built, steps).await?;
            steps.record.finish(RunState::Published, None).await?;
            CloseReport::published(steps.record.id, publication.number, built.plan)
        };
        self.expire(last_closed, steps).await?;
        self.drop_old_dumps(steps.record.id).await?;
        Ok(CloseReport { steps: std::mem::take(&mut steps.reports), ..report })
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

    async fn publish(
        &self,
        build: Box<dyn Build>,
        manifest: &Manifest,
        before: PublicationDraft,
        built: &Built,
        steps: &mut Steps<'_>,
    ) -> Result<Publication, PipelineError> {
        let started = steps.begin();
        let mut closed_dates = before.closed_dates;
        closed_dates.extend(&built.newly_closed);
        let draft = PublicationDraft {
            run_id: steps.record.id,
            published_at: self.ods.clock().now(),
            business_timezone: self.settings.timezone.name().to_owned(),
            paid_statuses: self.settings.paid_statuses.clone(),
            closed_dates,
            source_hashes: hashes(manifest),
            loads: manifest.loads.clone(),
            healed_lines: rows::integers(build.query(HEALED_LINES).await?).await?,
        };
        let publication = build.publish(draft).await?;
        steps.record.published(publication.number.cast_signed()).await?;
        self.mark(&publication, &publication.draft.loads).await?;
        steps.end("publish", started, json!({ "publication": publication.number })).await?;
        Ok(publication)
    }

    /// Marks loads, and the parked lines that `publication` healed, as taken in; marking again changes nothing.
    async fn mark(&self, publication: &Publication, loads: &[i64]) -> Result<(), PipelineError> {
        let healed = &publication.draft.healed_lines;
        Ok(self.ods.mark_published(publication.number.cast_signed(), loads, healed).await?)
    }

    /// Dumps serve one run; what is published does not need them.
    async fn drop_old_dumps(&self, current: i64) -> Result<(), PipelineError> {
        let storage = self.warehouse.storage();
        let store = storage.store();
        let current = storage.path(&format!("{DUMPS}/{current}"));
        let mut objects = store.list(Some(&storage.path(DUMPS)));
        let mut old = Vec::new();
        while let Some(object) = objects.try_next().await? {
            if !object.location.prefix_matches(&current) {
                old.push(object.location);
            }
        }
        for path in old {
            store.delete(&path).await?;
        }
        Ok(())
    }
}

/// Parked lines that this build has put beside their order.
const HEALED_LINES: &str = "select parked.parked_id from parked_order_lines_staging as parked \
                            inner join orders on parked.order_id = orders.id";

/// What the dump holds of each date. Dates that it does not hold have no hash: should their rows come again, they
/// are compared with what is held, whatever happened meanwhile.
fn hashes(manifest: &Manifest) -> SourceHashes {
    let dates = |dump: &TableDump| {
        dump.dates.iter().map(|(date, content)| (*date, content.content_hash.clone())).collect()
    };
    manifest.tables.iter().map(|(table, dump)| (table.clone(), dates(dump))).collect()
}

fn dump_metrics(manifest: &Manifest, healed: u64) -> serde_json::Value {
    let rows = |dump: &TableDump| dump.files.iter().map(|file| file.rows).sum::<u64>();
    let tables: serde_json::Map<_, _> =
        manifest.tables.iter().map(|(name, dump)| (name.clone(), rows(dump).into())).collect();
    json!({ "rows": tables, "healed": healed })
}

/// The steps of a run as they end: recorded, reported, and told to whoever watches.
pub(crate) struct Steps<'a> {
    record: RunRecord,
    progress: &'a (dyn Fn(&StepReport) + Sync),
    reports: Vec<StepReport>,
}

impl Steps<'_> {
    fn begin(&self) -> Started {
        Started { instant: Instant::now(), at: self.record.now() }
    }

    async fn end(
        &mut self,
        name: &str,
        started: Started,
        metrics: impl Serialize,
    ) -> Result<(), PipelineError> {
        let metrics = serde_json::to_value(metrics).unwrap_or_default();
        self.record.step(name, started.at, &metrics).await?;
        let report =
            StepReport { name: name.to_owned(), seconds: started.instant.elapsed().as_secs_f64(), metrics };
        tracing::debug!(run = self.record.id, step = name, seconds = report.seconds, "step ended");
        (self.progress)(&report);
        self.reports.push(report);
        Ok(())
    }
}

/// When a step began: by the clock that is recorded, and by one that cannot stand still.
struct Started {
    instant: Instant,
    at: chrono::NaiveDateTime,
}
