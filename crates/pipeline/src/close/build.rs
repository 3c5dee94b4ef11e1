//! Merges the dump into the replica and builds the models for the dates that it touches.

use std::collections::BTreeMap;

use daybook_model::manifest::Manifest;
use daybook_model::{Feed, Kind, Model, PartitionDate, Registry};
use daybook_warehouse::{Build, Publication, WarehouseError};

use super::assembly::Assembly;
use super::materialize::{BuiltModel, materialize};
use super::period::{Period, gaps};
use super::steps::Steps;
use super::touched::{Touched, candidates};
use super::{DatePlan, Dates};
use crate::PipelineError;

/// What a build holds that the published state does not.
pub(super) struct Built {
    /// The dates that were built, and why.
    pub(super) plan: DatePlan,
    /// What was built of each stored model.
    pub(super) models: BTreeMap<String, BuiltModel>,
    /// Dates that were not closed before.
    pub(super) newly_closed: Dates,
}

/// Whether a build is made, or only thought through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Build,
    Preview,
}

impl Built {
    /// Brings `build` from the `published` state to the next one.
    pub(super) async fn by(
        build: &mut dyn Build,
        assembly: &Assembly<'_>,
        manifest: &Manifest,
        published: &Publication,
        period: &Period,
        steps: &mut dyn Steps,
        mode: Mode,
    ) -> Result<Self, PipelineError> {
        let before = &published.draft;
        let (plan, models) = (DatePlan::new(), BTreeMap::new());
        let mut merge = Merge { build, assembly, manifest, published, period, steps, mode, plan, models };
        let Changes { mut sales, mut orders, mut snapshots, versions } = merge.replica().await?;
        orders.extend(&sales);
        if before.paid_statuses != assembly.settings.paid_statuses && !before.closed_dates.is_empty() {
            orders.extend(merge.ask("paid statuses", Touched::AllOrders, &Dates::new()).await?);
        }
        merge.note("asked for", &period.days);

        let mut closed: Dates =
            before.closed_dates.iter().chain(&period.days).chain(&orders).copied().collect();
        let gaps = gaps(&closed);
        merge.note("between closed dates", &gaps);
        closed.extend(gaps);
        let newly_closed: Dates = closed.difference(&before.closed_dates).copied().collect();
        sales.extend(newly_closed.iter().chain(&period.days));
        orders.extend(&period.days);
        snapshots.extend(newly_closed.iter().chain(&period.days));
        let versions = versions.union(&snapshots).copied().collect();
        merge.build.set_closed_dates(&closed).await?;
        merge.models(&FeedDates { orders, sales, catalogue: snapshots, versions, closed }).await?;
        Ok(Self { plan: merge.plan, models: merge.models, newly_closed })
    }
}

/// The dates that a dump's changes touch.
struct Changes {
    /// Those of orders and lines that changed, and of lines that now belong to another product.
    sales: Dates,
    /// Those of orders whose payments changed.
    orders: Dates,
    /// Closed dates at whose end the catalogue is another.
    snapshots: Dates,
    /// Those of variants' versions that changed, and of those that follow them.
    versions: Dates,
}

/// The dates that changes of the catalogue touch.
#[derive(Default)]
struct Catalogue {
    /// Closed dates at whose end it is another.
    snapshots: Dates,
    /// Dates of variants' versions that changed, and of those that follow them.
    versions: Dates,
    /// Dates of lines that now belong to another product.
    reassigned: Dates,
}

/// The dates to build, by what feeds a model.
struct FeedDates {
    orders: Dates,
    sales: Dates,
    catalogue: Dates,
    versions: Dates,
    /// The dates that are closed when all is built.
    closed: Dates,
}

impl FeedDates {
    fn of(&self, model: &Model) -> Dates {
        let dates = match model.feed {
            Some(Feed::Sales) => &self.sales,
            Some(Feed::Catalogue) => &self.catalogue,
            Some(Feed::Versions) => &self.versions,
            Some(Feed::Orders) | None => &self.orders,
        };
        if model.lookback_days == 0 {
            return dates.clone();
        }
        let first = |date: &PartitionDate| date.minus_days(model.lookback_days.into());
        let depends = |date: &&PartitionDate| dates.range(first(date)..=**date).next().is_some();
        self.closed.iter().filter(depends).copied().collect()
    }
}

/// A build on its way.
struct Merge<'a> {
    build: &'a mut dyn Build,
    assembly: &'a Assembly<'a>,
    manifest: &'a Manifest,
    published: &'a Publication,
    period: &'a Period,
    steps: &'a mut dyn Steps,
    mode: Mode,
    plan: DatePlan,
    models: BTreeMap<String, BuiltModel>,
}

impl Merge<'_> {
    /// Merges the dump. Orders and payments are compared before the rest is merged, the catalogue after it.
    async fn replica(&mut self) -> Result<Changes, PipelineError> {
        let mut sales = self.orders().await?;
        let (payments, orders) = self.payments().await?;
        let (products, variants) = (self.candidates("product_version"), self.candidates("variant_version"));
        let last_held = match variants.is_empty() {
            true => None,
            false => self.build.rows("variant_version").await?.into_keys().next_back(),
        };
        // lines with the orders' dates, since they move with their order
        let tables = [
            ("order_lines", &sales),
            ("transaction", &payments),
            ("product_version", &products),
            ("variant_version", &variants),
        ];
        self.merge(&tables).await?;
        let Catalogue { snapshots, versions, reassigned } =
            self.catalogue(&products, &variants, last_held).await?;
        sales.extend(reassigned);
        Ok(Changes { sales, orders, snapshots, versions })
    }

    /// What merged versions of these dates touch; before, the last of the variants' was of the date `last_held`.
    async fn catalogue(
        &mut self,
        products: &Dates,
        variants: &Dates,
        last_held: Option<PartitionDate>,
    ) -> Result<Catalogue, PipelineError> {
        let mut touched = Catalogue::default();
        if !products.is_empty() {
            // some change the end of no day, such as those before a removal: views may show them nevertheless
            self.ask("products", Touched::ProductVersions, products).await?;
            touched.snapshots = self.ask_snapshots("products", Touched::ProductSnapshots, products).await?;
        }
        if !variants.is_empty() {
            let snapshots = self.ask_snapshots("variants", Touched::VariantSnapshots, variants).await?;
            touched.snapshots.extend(snapshots);
            touched.versions = self.ask_versions(variants, last_held).await?;
            if self.may_reassign_lines(variants).await? {
                let lines = Touched::ReassignedLines;
                touched.reassigned = self.ask("product of variants", lines, variants).await?;
            }
        }
        Ok(touched)
    }

    /// Merges orders; gives the dates whose orders or lines changed.
    async fn orders(&mut self) -> Result<Dates, PipelineError> {
        let candidate_orders = self.candidates("orders");
        let mut dates = Dates::new();
        if !candidate_orders.is_empty() {
            dates = self.ask("orders", Touched::Orders, &candidate_orders).await?;
            self.merge(&[("orders", &dates)]).await?;
        }
        let candidate_lines = self.candidates("order_lines");
        dates.extend(self.ask("order lines", Touched::OrderLines, &candidate_lines).await?);
        dates.extend(self.ask("order lines", Touched::HealedLines, &Dates::new()).await?);
        Ok(dates)
    }

    /// The dates of payments that changed, and those of the orders that they pay or have paid.
    async fn payments(&mut self) -> Result<(Dates, Dates), PipelineError> {
        let candidates = self.candidates("transaction");
        if candidates.is_empty() {
            return Ok((Dates::new(), Dates::new()));
        }
        let changed = Touched::Transactions.ask(self.build, self.manifest, &candidates).await?;
        let mut orders = self.ask("payments", Touched::PaidOrders, &candidates).await?;
        if !Touched::MovedPayments.ask(self.build, self.manifest, &candidates).await?.is_empty() {
            orders.extend(self.ask("payments", Touched::LeftOrders, &candidates).await?);
        }
        Ok((changed, orders))
    }

    /// Builds every other stored model for its dates.
    async fn models(&mut self, feeds: &FeedDates) -> Result<(), PipelineError> {
        let registry = self.assembly.registry;
        let mut models = Vec::new();
        for model in registry.models().iter().filter(|model| model.is_rebuildable()) {
            let mut dates = if model.is_partitioned() { feeds.of(model) } else { Dates::new() };
            if let Some(reason) = outdated(model, registry, self.published) {
                let past = past(model, &*self.build, &self.published.draft.closed_dates).await?;
                self.note(reason, &past);
                dates.extend(past);
            }
            if model.is_partitioned() {
                let unexplained: Dates =
                    dates.iter().filter(|date| !self.plan.contains_key(date)).copied().collect();
                self.note("an earlier date", &unexplained);
                models.push((model, dates));
            } else if !self.plan.is_empty() {
                models.push((model, dates));
            }
        }
        self.materialize(models).await
    }

    /// Of most changes of a variant its product stays what it was, and facts are many: they are compared with the products
    /// of their variants only if one has changed, and when what was published is not trusted.
    async fn may_reassign_lines(&self, variants: &Dates) -> Result<bool, PipelineError> {
        let before = &self.published.draft;
        let is_trusted = before.source_hashes.contains_key("variant_version");
        let is_asked_again =
            |date: &PartitionDate| self.period.days.contains(date) && before.closed_dates.contains(date);
        if !is_trusted || variants.iter().any(is_asked_again) {
            return Ok(true);
        }
        Ok(!Touched::ReassignedVariants.ask(self.build, self.manifest, variants).await?.is_empty())
    }

    fn candidates(&self, table: &str) -> Dates {
        candidates(table, self.manifest, &self.published.draft, &self.period.days)
    }

    async fn ask(
        &mut self,
        reason: &'static str,
        touched: Touched,
        candidates: &Dates,
    ) -> Result<Dates, PipelineError> {
        let dates = touched.ask(self.build, self.manifest, candidates).await?;
        self.note(reason, &dates);
        Ok(dates)
    }

    /// Versions can touch the snapshots of closed days only from the versions' own dates on.
    async fn ask_snapshots(
        &mut self,
        reason: &'static str,
        touched: Touched,
        candidates: &Dates,
    ) -> Result<Dates, PipelineError> {
        if candidates.first() > self.published.draft.closed_dates.last() {
            return Ok(Dates::new());
        }
        self.ask(reason, touched, candidates).await
    }

    /// No price that was held, up to the `last_held` date, follows versions of later dates: these touch their own only.
    async fn ask_versions(
        &mut self,
        candidates: &Dates,
        last_held: Option<PartitionDate>,
    ) -> Result<Dates, PipelineError> {
        let reason = "price changes";
        if candidates.first().copied() > last_held {
            self.note(reason, candidates);
            return Ok(candidates.clone());
        }
        self.ask(reason, Touched::Versions, candidates).await
    }

    fn note(&mut self, reason: &'static str, dates: &Dates) {
        for date in dates {
            self.plan.entry(*date).or_default().insert(reason);
        }
    }

    /// Merges tables, each for its dates, at the same time.
    async fn merge(&mut self, tables: &[(&str, &Dates)]) -> Result<(), PipelineError> {
        let mut models = Vec::new();
        for (table, dates) in tables.iter().filter(|(_, dates)| !dates.is_empty()) {
            let Some(model) = self.assembly.registry.get(table) else {
                return Err(PipelineError::NoModel((*table).to_owned()));
            };
            models.push((model, (*dates).clone()));
        }
        self.materialize(models).await
    }

    async fn materialize(&mut self, models: Vec<(&Model, Dates)>) -> Result<(), PipelineError> {
        if self.mode == Mode::Build {
            self.models.extend(materialize(self.build, self.assembly.registry, models, self.steps).await?);
            return Ok(());
        }
        for (model, dates) in models {
            // what the questions about later tables look at
            if model.kind == Kind::Incremental {
                self.build.preview(model, &dates).await?;
            }
            self.models.insert(model.name.clone(), BuiltModel { dates, rows: 0 });
        }
        Ok(())
    }
}

/// Why the table of `model` must be built again from the beginning, if it must.
pub(super) fn outdated(model: &Model, registry: &Registry, published: &Publication) -> Option<&'static str> {
    if published.number == 0 {
        // everything is new then
        return None;
    }
    if !published.tables.contains_key(&model.name) {
        return Some("new model");
    }
    let is_same = published.draft.models.get(&model.name) == registry.fingerprints().get(&model.name);
    (!is_same).then_some("changed model")
}

/// All dates that a model can have rows of: the closed ones, those of its rows, and of what it shows versions by date.
pub(super) async fn past(model: &Model, build: &dyn Build, closed: &Dates) -> Result<Dates, WarehouseError> {
    let mut past = closed.clone();
    if model.is_partitioned() {
        past.extend(build.rows(&model.name).await?.into_keys());
    }
    if model.feed == Some(Feed::Versions) && model.lookback_days == 0 {
        past.extend(build.rows("variant_version").await?.into_keys());
    }
    Ok(past)
}
