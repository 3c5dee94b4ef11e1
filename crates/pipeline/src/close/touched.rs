//! Which dates a run must build, found by comparing what it brings with what is held.

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

/// So many dates are looked at a time where it is not known how many rows they have.
pub(super) const DATES_AT_A_TIME: u64 = 31;

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
    /// Dates of products' versions that were not published.
    ProductVersions,
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
    fn sql(self) -> String {
        match self {
            Self::Orders => ORDERS.changed(include_str!("../../queries/touched/changed_and_left_dates.sql")),
            Self::OrderLines => {
                LINES.changed(include_str!("../../queries/touched/changed_and_left_dates.sql"))
            }
            Self::HealedLines => include_str!("../../queries/touched/healed_lines.sql").to_owned(),
            Self::Transactions => PAYMENTS.changed(include_str!("../../queries/touched/changed_dates.sql")),
            Self::PaidOrders => PAYMENTS.changed(include_str!("../../queries/touched/paid_orders.sql")),
            Self::MovedPayments => PAYMENTS.changed(include_str!("../../queries/touched/moved_payments.sql")),
            Self::LeftOrders => PAYMENTS.changed(include_str!("../../queries/touched/left_orders.sql")),
            Self::ProductVersions => include_str!("../../queries/touched/product_versions.sql").to_owned(),
            Self::ProductSnapshots => snapshots("product", "title, product_type, created_at"),
            Self::VariantSnapshots => {
                snapshots("variant", "product_id, title, price, created_at, updated_at, ingested_at")
            }
            Self::Versions => include_str!("../../queries/touched/versions.sql").to_owned(),
            Self::ReassignedVariants => {
                include_str!("../../queries/touched/reassigned_variants.sql").to_owned()
            }
            Self::ReassignedLines => include_str!("../../queries/touched/reassigned_lines.sql").to_owned(),
            Self::AllOrders => include_str!("../../queries/touched/all_orders.sql").to_owned(),
        }
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
            | Self::ProductVersions
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

/// A dumped table, with the columns that tell one state of a row from another.
struct Compared {
    table: &'static str,
    content: &'static [&'static str],
}

const ORDERS: Compared = Compared { table: "orders", content: &["id", "processed_timestamp", "customer_id"] };
const LINES: Compared =
    Compared { table: "order_lines", content: &["id", "quantity", "variant_id", "revenue", "order_id"] };
const PAYMENTS: Compared =
    Compared { table: "transaction", content: &["id", "order_id", "status", "created_at"] };

impl Compared {
    /// A `question` about the rows that differ from what is held.
    fn changed(&self, question: &str) -> String {
        let same = self.content.iter().map(|column| format!("held.{column} = staging.{column}"));
        let changed = include_str!("../../queries/touched/changed.sql")
            .replace("{same}", &same.collect::<Vec<_>>().join(" and "));
        format!("{changed}{question}").replace("{table}", self.table)
    }
}

/// The question that is the same for products and variants.
fn snapshots(entity: &str, content: &str) -> String {
    include_str!("../../queries/touched/snapshots.sql")
        .replace("{entity}", entity)
        .replace("{content}", content)
}
