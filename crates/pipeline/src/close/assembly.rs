//! From a dump to a publication: what a close does between PostgreSQL's first step and its last.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use chrono::NaiveDateTime;
use daybook_model::manifest::{Manifest, TableDump};
use daybook_model::{Model, PartitionDate, Registry, step};
use daybook_warehouse::{Build, Publication, PublicationDraft, SourceHashes, Warehouse, WarehouseError};
use serde_json::{Value, json};

use super::audit::TestFailure;
use super::build::{Built, Mode};
use super::period::Period;
use super::plan::ClosePlan;
use super::steps::{Started, Steps};
use super::touched::asked;
use super::{CloseSettings, DatePlan, StepReport, rows};
use crate::PipelineError;

/// Parked lines that this build has put beside their order.
const HEALED_LINES: &str = "select parked.parked_id from parked_order_lines_staging as parked \
                            inner join orders on parked.order_id = orders.id";

/// Turns a dump that lies in the warehouse's storage into the next publication. It touches no ODS, and takes no
/// lock: who calls it makes sure that nobody else builds.
pub struct Assembly<'a> {
    /// Where the books go.
    pub warehouse: &'a dyn Warehouse,
    /// The models to build.
    pub registry: &'a Registry,
    /// What to know of the shop.
    pub settings: &'a CloseSettings,
    /// The run that the publication shall name.
    pub run_id: i64,
    /// When it shall say that it was published, UTC.
    pub now: NaiveDateTime,
}

impl Assembly<'_> {
    /// Closes `days` with what the dump of `manifest` holds, and publishes; `progress` hears of each step.
    ///
    /// # Errors
    /// Any [`PipelineError`] but those of the ODS; the published state is then as it was.
    pub async fn close(
        &self,
        manifest: &Manifest,
        days: RangeInclusive<PartitionDate>,
        progress: &(dyn Fn(&StepReport) + Sync),
    ) -> Result<Option<Publication>, PipelineError> {
        let published = self.warehouse.published().await?.unwrap_or_default();
        let period =
            Period { days: PartitionDate::range(*days.start(), *days.end()).collect(), cutoff: *days.end() };
        let assembled =
            self.assemble(manifest, &published, &period, &mut Told { now: self.now, progress }).await?;
        Ok(assembled.map(|(publication, _)| publication))
    }

    /// The same, from the `published` state; gives nothing when nothing has changed, and else also what was built.
    pub(super) async fn assemble(
        &self,
        manifest: &Manifest,
        published: &Publication,
        period: &Period,
        steps: &mut dyn Steps,
    ) -> Result<Option<(Publication, DatePlan)>, PipelineError> {
        let mut build = self.begin(published, &self.settings.paid_statuses).await?;
        build.stage(manifest).await?;
        let built = Built::by(build.as_mut(), self, manifest, published, period, steps, Mode::Build).await?;
        // payments of unknown orders touch no date that is built, and are merged
        let brings_payments = built.models.get("transaction").is_some_and(|merged| !merged.dates.is_empty());
        if built.plan.is_empty() && !brings_payments {
            return Ok(None);
        }
        self.check(build.as_ref(), Some((manifest, period)), &published.draft, &built, steps).await?;
        let started = steps.begin();
        let publication = self.publish(build, manifest, &published.draft, &built).await?;
        steps.end(step::PUBLISH, started, json!({ "publication": publication.number })).await?;
        Ok(Some((publication, built.plan)))
    }

    /// A build upon `published`, and not upon what somebody has published since it was read.
    pub(super) async fn begin(
        &self,
        published: &Publication,
        paid_statuses: &[String],
    ) -> Result<Box<dyn Build>, PipelineError> {
        let build = self.warehouse.begin(self.run_id, paid_statuses).await?;
        match build.follows() {
            number if number == published.number => Ok(build),
            number => Err(WarehouseError::Overtaken { number }.into()),
        }
    }

    /// What [`Assembly::assemble`] would build.
    pub(super) async fn preview(
        &self,
        manifest: &Manifest,
        published: &Publication,
        period: &Period,
    ) -> Result<ClosePlan, PipelineError> {
        let mut build = self.begin(published, &self.settings.paid_statuses).await?;
        build.stage(manifest).await?;
        let mut steps = Told { now: self.now, progress: &|_| {} };
        let built =
            Built::by(build.as_mut(), self, manifest, published, period, &mut steps, Mode::Preview).await?;
        ClosePlan::new(built, manifest, self.registry, build.as_ref()).await
    }

    async fn publish(
        &self,
        build: Box<dyn Build>,
        manifest: &Manifest,
        before: &PublicationDraft,
        built: &Built,
    ) -> Result<Publication, PipelineError> {
        let draft = PublicationDraft {
            run_id: self.run_id,
            published_at: self.now,
            business_timezone: self.settings.timezone.name().to_owned(),
            paid_statuses: self.settings.paid_statuses.clone(),
            closed_dates: before.closed_dates.union(&built.newly_closed).copied().collect(),
            source_hashes: hashes(manifest),
            source: manifest.source.clone(),
            loads: manifest.loads.clone(),
            healed_lines: rows::integers(build.query(&asked(HEALED_LINES, build.dialect())?).await?).await?,
            models: fingerprints(self.registry),
        };
        Ok(build.publish(draft).await?)
    }
}

/// What the dump holds of each date. Dates that it does not hold have no hash: should their rows come again, they
/// are compared with what is held, whatever happened meanwhile.
fn hashes(manifest: &Manifest) -> SourceHashes {
    let dates = |dump: &TableDump| {
        dump.dates.iter().map(|(date, content)| (*date, content.content_hash.clone())).collect()
    };
    manifest.tables.iter().map(|(table, dump)| (table.clone(), dates(dump))).collect()
}

/// By which every stored model is built.
fn fingerprints(registry: &Registry) -> BTreeMap<String, String> {
    let is_stored = |name: &str| registry.get(name).is_some_and(Model::is_stored);
    let all = registry.fingerprints().iter();
    all.filter(|(name, _)| is_stored(name)).map(|(name, hash)| (name.clone(), hash.clone())).collect()
}

/// Steps that are told and not recorded.
struct Told<'a> {
    now: NaiveDateTime,
    progress: &'a (dyn Fn(&StepReport) + Sync),
}

#[async_trait]
impl Steps for Told<'_> {
    fn begin(&self) -> Started {
        Started::now(self.now)
    }

    async fn test_failed(&mut self, failure: &TestFailure) -> Result<(), PipelineError> {
        tracing::warn!(severity = failure.severity.name(), "{}", failure.line());
        Ok(())
    }

    async fn end(&mut self, name: &str, started: Started, metrics: Value) -> Result<(), PipelineError> {
        (self.progress)(&started.report(name, metrics));
        Ok(())
    }
}
