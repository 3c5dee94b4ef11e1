//! Builds models side by side, each as soon as what it reads is built.

use std::collections::{BTreeMap, BTreeSet};

use daybook_model::{Model, Registry, portions};
use daybook_warehouse::{Build, MaterializeMetrics};
use futures::stream::{FuturesUnordered, TryStreamExt};
use serde_json::json;

use super::Dates;
use super::steps::Steps;
use super::touched::ROWS_AT_A_TIME;
use crate::PipelineError;

/// What was built of a model.
pub(super) struct BuiltModel {
    pub(super) dates: Dates,
    pub(super) rows: u64,
}

impl BuiltModel {
    /// The dates, some at a time: so few that they can be looked at in memory.
    pub(super) fn portions(&self) -> Vec<Dates> {
        let rows_a_date = self.rows / (self.dates.len() as u64).max(1);
        portions(&self.dates, ROWS_AT_A_TIME, |_| rows_a_date)
    }
}

/// Builds `models`, each for its dates. A model alone leaves processors idle while it is planned, ends and commits. How many
/// are under way at once is up to the back end.
pub(super) async fn materialize(
    build: &dyn Build,
    registry: &Registry,
    models: Vec<(&Model, Dates)>,
    steps: &mut dyn Steps,
) -> Result<BTreeMap<String, BuiltModel>, PipelineError> {
    let mut built = BTreeMap::new();
    let mut unbuilt: BTreeSet<String> = models.iter().map(|(model, _)| model.name.clone()).collect();
    let mut waiting = models;
    let mut under_way = FuturesUnordered::new();
    loop {
        let ready = waiting.extract_if(.., |(model, _)| {
            let read = registry.tables_read(&model.name);
            read.iter().all(|table| *table == model.name || !unbuilt.contains(table))
        });
        for (model, dates) in ready {
            let started = steps.begin();
            under_way.push(async move {
                let made = build.materialize(model, &dates).await;
                made.map(|made| (model, dates, made, started))
            });
        }
        let Some((model, dates, made, started)) = under_way.try_next().await? else { break };
        let MaterializeMetrics { rows, dates: count } = made;
        steps.end(&model.name, started, json!({ "rows": rows, "dates": count })).await?;
        unbuilt.remove(&model.name);
        built.insert(model.name.clone(), BuiltModel { dates, rows });
    }
    match waiting.first() {
        None => Ok(built),
        Some((model, _)) => Err(PipelineError::Circle(model.name.clone())),
    }
}
