//! The way of every row, from the files to the marts.

use std::collections::{BTreeMap, BTreeSet};

use daybook_model::manifest::Manifest;
use daybook_model::{PartitionDate, portions};
use daybook_ods::FeedFiles;
use daybook_warehouse::{LOOK, Publication};
use serde::Serialize;

use super::measures::{self, Measures};
use super::period::Period;
use super::touched::DATES_AT_A_TIME;
use super::{Close, ClosePlan, DatePlan};
use crate::PipelineError;
use crate::runs::RunLock;

/// Where every row of some dates is, and whether that adds up.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Reconciliation {
    /// Each date.
    pub dates: Vec<ReconciledDate>,
}

/// Where the rows of one date are.
#[derive(Clone, Debug, Serialize)]
pub struct ReconciledDate {
    /// The business date.
    pub date: PartitionDate,
    /// What the files of loads that touched the date brought, by table. What a load brought for other dates counts as
    /// well, for a file may hold rows of many dates.
    pub files: Vec<FeedFiles>,
    /// Orders, lines, revenue and transactions in every place. What has expired from the ODS is no longer counted there.
    pub measures: Measures,
    /// What the next close will take in: what the ODS holds is not yet, or not so, in the replica.
    pub waiting: BTreeSet<&'static str>,
    /// Whether the date is closed.
    pub closed: bool,
    /// What does not add up.
    pub differences: Vec<String>,
}

impl Reconciliation {
    /// How many differences there are.
    pub fn difference_count(&self) -> usize {
        self.dates.iter().map(|date| date.differences.len()).sum()
    }
}

impl Close<'_> {
    /// Follows the rows of the dates from `from` to `to`, or of every closed date, from the files to what is
    /// published. Changes nothing.
    ///
    /// # Errors
    /// As [`Close::plan`]; differences are no error.
    pub async fn reconcile(
        &self,
        days: Option<(PartitionDate, PartitionDate)>,
    ) -> Result<Reconciliation, PipelineError> {
        let lock = RunLock::look(self.ods.pool()).await?;
        let reconciled = self.reconcile_locked(days).await;
        lock.release(reconciled).await
    }

    async fn reconcile_locked(
        &self,
        days: Option<(PartitionDate, PartitionDate)>,
    ) -> Result<Reconciliation, PipelineError> {
        let published = self.warehouse.published().await?.unwrap_or_default();
        self.check_timezone(&published)?;
        let closed = &published.draft.closed_dates;
        let dates: BTreeSet<_> = match days {
            Some((from, to)) if to < from => return Err(PipelineError::Backwards { from, to }),
            Some((from, to)) => PartitionDate::range(from, to).collect(),
            None => closed.clone(),
        };
        let (Some(first), Some(last)) = (dates.first(), dates.last()) else {
            return Ok(Reconciliation::default());
        };
        let timezone = self.settings.timezone;
        let mut measured = self.published_measures(&dates, &published).await?;
        for (date, measure, amount) in self.ods.measure(*first..=*last, timezone).await? {
            measured.entry(date).or_default().set(&measure, "ods", amount);
        }
        let mut files = self.ods.feed_files(*first..=*last).await?;
        let Held { waiting, differing } = self.compare(&published).await?;
        let reconciled = |date: &PartitionDate| {
            let measures = measured.remove(date).unwrap_or_default();
            let closed = closed.contains(date);
            let waiting = waiting.get(date).cloned().unwrap_or_default();
            let mut differences = measures.contradictions();
            if closed && !brings_rows(&waiting) {
                differences.extend(beyond_the_replica(&measures));
            }
            let unexplained = differing.get(date).into_iter().flatten().filter(|why| !waiting.contains(*why));
            differences.extend(
                unexplained.map(|why| format!("{why}: the replica holds another content than the ODS")),
            );
            let files = files.remove(date).unwrap_or_default();
            ReconciledDate { date: *date, files, measures, waiting, closed, differences }
        };
        Ok(Reconciliation { dates: dates.iter().map(reconciled).collect() })
    }

    async fn published_measures(
        &self,
        dates: &BTreeSet<PartitionDate>,
        published: &Publication,
    ) -> Result<BTreeMap<PartitionDate, Measures>, PipelineError> {
        let mut measured = BTreeMap::new();
        if published.number == 0 {
            return Ok(measured);
        }
        for dates in portions(dates, DATES_AT_A_TIME, |_| 1) {
            let dialect = self.warehouse.dialect();
            for sql in [measures::sql(&dates, dialect)?, measures::transactions_sql(&dates, dialect)?] {
                measures::add(&mut measured, self.warehouse.query(&sql, &[]).await?).await?;
            }
        }
        Ok(measured)
    }

    /// Compares the ODS with what is published, up to the last closed date.
    async fn compare(&self, published: &Publication) -> Result<Held, PipelineError> {
        let Some(cutoff) = published.draft.closed_dates.last().copied() else { return Ok(Held::default()) };
        let manifest = self.dump(LOOK, cutoff).await?;
        let compared = self.compare_dump(&manifest, published, cutoff).await;
        self.drop_look().await?;
        compared
    }

    async fn compare_dump(
        &self,
        manifest: &Manifest,
        published: &Publication,
        cutoff: PartitionDate,
    ) -> Result<Held, PipelineError> {
        let period = Period { days: BTreeSet::new(), cutoff };
        let waiting = changes(self.assembly(LOOK).preview(manifest, published, &period).await?);
        // without hashes that say what need not be looked at, a close would look at every row
        let mut unhashed = published.clone();
        unhashed.draft.source_hashes.clear();
        let differing = changes(self.assembly(LOOK).preview(manifest, &unhashed, &period).await?);
        Ok(Held { waiting, differing })
    }
}

/// How what the ODS holds stands to what is published.
#[derive(Default)]
struct Held {
    /// What the next close will take in.
    waiting: DatePlan,
    /// The same for a close that trusts no hash.
    differing: DatePlan,
}

/// Why a close would build each date, and that transactions of a date would change: which touches the date of their
/// order, if there is one.
fn changes(plan: ClosePlan) -> DatePlan {
    let mut changes = plan.dates;
    for transactions in plan.tables.iter().filter(|table| table.table == "transaction") {
        for date in transactions.dates.keys() {
            changes.entry(*date).or_default().insert("transactions");
        }
    }
    changes
}

/// Whether orders or lines wait, of which the replica then holds fewer.
fn brings_rows(waiting: &BTreeSet<&'static str>) -> bool {
    ["orders", "order lines"].iter().any(|reason| waiting.contains(reason))
}

/// The ODS may hold less than the replica, for rows expire; never more.
fn beyond_the_replica(measures: &Measures) -> Vec<String> {
    let beyond = |measure: &&str| measures.amount(measure, "ods") > measures.amount(measure, "replica");
    let line = |measure: &str| {
        let (ods, replica) = (measures.amount(measure, "ods"), measures.amount(measure, "replica"));
        format!("{measure}: ods {ods}, replica {replica}")
    };
    ["orders", "lines"].iter().filter(|measure| beyond(measure)).map(|measure| line(measure)).collect()
}
