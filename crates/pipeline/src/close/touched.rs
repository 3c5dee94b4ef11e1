//! Which dates a run must build, found by comparing what it brings with what is held.

use std::borrow::Cow;
use std::collections::BTreeSet;

use daybook_model::manifest::{DateContent, Manifest};
use daybook_model::{Dialect, PartitionDate, compile, portions};
use daybook_warehouse::{Build, PublicationDraft};

use super::rows;
use crate::PipelineError;

/// Dates of `table` whose dump is not the one that was published, and those that were `asked` for: they may hold changes.
/// Days that are asked for are looked at whatever was published, for that is how to repair them.
pub(super) fn candidates(
    table: &str,
    manifest: &Manifest,
    before: &PublicationDraft,
    asked: &BTreeSet<PartitionDate>,
) -> BTreeSet<PartitionDate> {
    let published = before.source_hashes.get(table);
    let is_published = |date, content: &DateContent| {
        published.and_then(|dates| dates.get(date)) == Some(&content.content_hash)
    };
    let dumped = manifest.tables.get(table).into_iter().flat_map(|dump| &dump.dates);
    dumped
        .filter(|(date, content)| asked.contains(*date) || !is_published(date, content))
        .map(|(date, _)| *date)
        .collect()
}

/// Questions about more rows than this are asked some dates at a time, so that memory stays bounded.
pub(super) const ROWS_AT_A_TIME: u64 = 2_000_000;

/// A question whose answer is a set of dates.
#[derive(Clone, Copy, Debug)]
pub(super) enum Touched {
    /// Order dates of changed, new and moved orders.
    Orders,
    /// Order dates of changed, new and moved lines.
    OrderLines,
    /// Order dates of parked lines that find their order.
    HealedLines,
    /// Dates of changed and new transactions.
    Transactions,
    /// Order dates of orders whose payments changed.
    PaidOrders,
    /// Dates of transactions that paid another order before.
    MovedPayments,
    /// Order dates of the orders that such transactions paid.
    LeftOrders,
    /// Closed dates whose product snapshot changed.
    ProductSnapshots,
    /// Closed dates whose variant snapshot changed.
    VariantSnapshots,
    /// Dates of variants' versions that changed, and of those that follow them.
    Versions,
    /// Dates of versions that may put their variant under another product.
    ReassignedVariants,
    /// Order dates of lines of such variants.
    ReassignedLines,
    /// Every order date.
    AllOrders,
}

impl Touched {
    fn sql(self) -> Cow<'static, str> {
        let sql = match self {
            Self::Orders => include_str!("../../queries/touched/orders.sql"),
            Self::OrderLines => include_str!("../../queries/touched/order_lines.sql"),
            Self::HealedLines => include_str!("../../queries/touched/healed_lines.sql"),
            Self::Transactions => include_str!("../../queries/touched/transactions.sql"),
            Self::PaidOrders => {
                return of_changed(include_str!("../../queries/touched/paid_orders.sql")).into();
            }
            Self::MovedPayments => {
                return of_changed(include_str!("../../queries/touched/moved_payments.sql")).into();
            }
            Self::LeftOrders => {
                return of_changed(include_str!("../../queries/touched/left_orders.sql")).into();
            }
            Self::ProductSnapshots => return snapshots("product", "title, product_type, created_at").into(),
            Self::VariantSnapshots => {
                let content = "product_id, title, price, created_at, updated_at, ingested_at";
                return snapshots("variant", content).into();
            }
            Self::Versions => include_str!("../../queries/touched/versions.sql"),
            Self::ReassignedVariants => include_str!("../../queries/touched/reassigned_variants.sql"),
            Self::ReassignedLines => include_str!("../../queries/touched/reassigned_lines.sql"),
            Self::AllOrders => include_str!("../../queries/touched/all_orders.sql"),
        };
        sql.into()
    }

    /// The dumped table whose dates bound the question.
    fn table(self) -> Option<&'static str> {
        match self {
            Self::Orders => Some("orders"),
            Self::OrderLines => Some("order_lines"),
            Self::Transactions | Self::PaidOrders | Self::MovedPayments | Self::LeftOrders => {
                Some("transaction")
            }
            // these compare whole histories, or are bounded by something else than dates
            Self::HealedLines
            | Self::ProductSnapshots
            | Self::VariantSnapshots
            | Self::Versions
            | Self::ReassignedVariants
            | Self::ReassignedLines
            | Self::AllOrders => None,
        }
    }

    /// Asks `build` about the changes that `candidates` of the dump may hold.
    pub(super) async fn ask(
        self,
        build: &dyn Build,
        manifest: &Manifest,
        candidates: &BTreeSet<PartitionDate>,
    ) -> Result<BTreeSet<PartitionDate>, PipelineError> {
        // parked lines carry no business date of their own, so they are looked at whenever there are any
        let has_parked = manifest.tables.get("parked_order_lines").is_some_and(|dump| !dump.dates.is_empty());
        if matches!(self, Self::HealedLines) && !has_parked {
            return Ok(BTreeSet::new());
        }
        let Some(dump) = self.table().and_then(|table| manifest.tables.get(table)) else {
            return self.ask_at_once(build, candidates).await;
        };
        let rows = |date| dump.dates.get(&date).map_or(0, |content| content.rows);
        let mut touched = BTreeSet::new();
        for dates in portions(candidates, ROWS_AT_A_TIME, rows) {
            touched.extend(self.ask_at_once(build, &dates).await?);
        }
        Ok(touched)
    }

    async fn ask_at_once(
        self,
        build: &dyn Build,
        candidates: &BTreeSet<PartitionDate>,
    ) -> Result<BTreeSet<PartitionDate>, PipelineError> {
        let sql = compile::compile(&self.sql(), candidates, build.dialect())
            .map_err(|error| PipelineError::Compile(format!("{self:?}: {error}")))?;
        rows::dates(build.query(&sql).await?).await
    }
}

/// A question without dates, as it is asked in `dialect`.
pub(super) fn asked(sql: &str, dialect: Dialect) -> Result<String, PipelineError> {
    compile::question(sql, dialect).map_err(|error| PipelineError::Compile(error.to_string()))
}

/// A question about transactions that differ from what is held.
fn of_changed(question: &str) -> String {
    format!("{}{question}", include_str!("../../queries/touched/changed_transactions.sql"))
}

/// The question that is the same for products and variants.
fn snapshots(entity: &str, content: &str) -> String {
    include_str!("../../queries/touched/snapshots.sql")
        .replace("{entity}", entity)
        .replace("{content}", content)
}
