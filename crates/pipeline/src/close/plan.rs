//! What a close would do.

use std::collections::BTreeMap;

use daybook_model::manifest::Manifest;
use daybook_model::{PartitionDate, Registry};
use daybook_warehouse::{Build, DUMPS, LOOK};
use serde::Serialize;

use super::build::Built;
use super::{Close, ClosePeriod, DatePlan};
use crate::PipelineError;
use crate::runs::RunLock;

/// What a close would build, and why.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ClosePlan {
    /// Why each date would be built.
    pub dates: DatePlan,
    /// What would be built of each table, in the order of building.
    pub tables: Vec<TablePlan>,
}

/// What would be built of a table.
#[derive(Clone, Debug, Serialize)]
pub struct TablePlan {
    /// The table's name.
    pub table: String,
    /// Whether it would be built as a whole, without regard to dates.
    pub whole: bool,
    /// Each date that would be built.
    pub dates: BTreeMap<PartitionDate, PlannedRows>,
}

/// The rows of one date of one table.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PlannedRows {
    /// What the ODS holds of it now; none for what is built from other tables.
    pub source: Option<u64>,
    /// What is published of it now.
    pub published: u64,
}

impl ClosePlan {
    pub(super) async fn new(
        built: Built,
        manifest: &Manifest,
        registry: &Registry,
        build: &dyn Build,
    ) -> Result<Self, PipelineError> {
        let mut tables = Vec::new();
        for model in registry.models() {
            let Some(planned) = built.models.get(&model.name) else { continue };
            let whole = !model.is_partitioned();
            if !whole && planned.dates.is_empty() {
                continue;
            }
            let source = manifest.tables.get(&model.name);
            let published = if whole { BTreeMap::new() } else { build.rows(&model.name).await? };
            let rows = |date: &PartitionDate| PlannedRows {
                source: source.map(|dump| dump.dates.get(date).map_or(0, |content| content.rows)),
                published: published.get(date).copied().unwrap_or_default(),
            };
            let dates = planned.dates.iter().filter(|_| !whole).map(|date| (*date, rows(date))).collect();
            tables.push(TablePlan { table: model.name.clone(), whole, dates });
        }
        Ok(Self { dates: built.plan, tables })
    }
}

impl Close<'_> {
    /// What [`Close::run`] would do with `period` now. It changes nothing, but that relations of readers are made
    /// which are not there yet, or views as the models have them now: the rows that it looks at are read into a dump of its own, which it removes. Closes go on meanwhile.
    ///
    /// Parked rows whose parent came by itself are healed by a close first, so it may touch more dates.
    ///
    /// # Errors
    /// As [`Close::run`].
    pub async fn plan(&self, period: ClosePeriod) -> Result<ClosePlan, PipelineError> {
        let lock = RunLock::look(self.ods.pool()).await?;
        let planned = self.plan_locked(period).await;
        lock.release(planned).await
    }

    async fn plan_locked(&self, period: ClosePeriod) -> Result<ClosePlan, PipelineError> {
        let published = self.warehouse.published().await?.unwrap_or_default();
        self.check_timezone(&published)?;
        let Some(period) = self.resolve(period, &published).await? else { return Ok(ClosePlan::default()) };
        let manifest = self.dump(LOOK, period.cutoff).await?;
        let planned = self.assembly(LOOK).preview(&manifest, &published, &period).await;
        self.drop_look().await?;
        planned
    }

    /// Removes what was dumped to be looked at.
    pub(super) async fn drop_look(&self) -> Result<(), PipelineError> {
        self.drop_dump(&self.warehouse.storage().path(&format!("{DUMPS}/{LOOK}"))).await
    }
}
