//! `daybook reconcile`

use clap::Args;
use daybook_ods::FeedFiles;
use daybook_pipeline::{Close, ReconciledDate, Reconciliation};

use super::closing::{DaysArgs, with_close};
use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};

/// Follows every row from the files to the marts, and says where the numbers differ. Changes nothing.
///
/// Without arguments: every closed date. Ends with exit code 1 when something differs. A date that waits holds rows
/// that came after its close; the next close takes them in. What has expired from the ODS is no longer counted there.
/// Revenue is in minor units. Files count for every date that their load touched, with all their rows. Of a
/// transaction, the replica counts every state that it has seen.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    #[command(flatten)]
    days: DaysArgs,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &ReconcileArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let reconciling = async |close: Close<'_>| close.reconcile(args.days.days()).await;
    report(&with_close(daybook, "reconciling", reporting, reconciling).await?, reporting)
}

fn report(reconciliation: &Reconciliation, reporting: Reporting) -> anyhow::Result<Outcome> {
    match reporting.format {
        Format::Json => output::json(reconciliation)?,
        format => print(format, reconciliation)?,
    }
    let differences = reconciliation.difference_count();
    if differences > 0 {
        anyhow::bail!("{differences} difference(s): the column `state` names the places and their amounts");
    }
    if !reporting.quiet {
        output::remark(&format!("{} dates reconcile", reconciliation.dates.len()));
    }
    Ok(Outcome::Done)
}

/// What is followed through a date: by files, which the ledger counts in rows, and in the places that show it.
struct Feed {
    name: &'static str,
    /// The table that files bring.
    files: Option<&'static str>,
    /// What is counted in the ODS, the replica, the fact and the marts.
    measure: &'static str,
    places: [Option<&'static str>; 4],
}

const FEEDS: [Feed; 6] = [
    Feed {
        name: "orders",
        files: Some("orders"),
        measure: "orders",
        places: [Some("ods"), Some("replica"), None, Some("app_daily_revenue")],
    },
    Feed {
        name: "order_lines",
        files: Some("order_lines"),
        measure: "lines",
        places: [Some("ods"), Some("replica"), Some("fact"), None],
    },
    Feed {
        name: "revenue",
        files: None,
        measure: "revenue",
        places: [Some("ods"), Some("replica"), Some("fact"), Some("app_daily_revenue")],
    },
    Feed {
        name: "transaction",
        files: Some("transaction"),
        measure: "transactions",
        places: [Some("ods"), Some("replica"), None, None],
    },
    Feed { name: "product", files: Some("product"), measure: "", places: [None; 4] },
    Feed { name: "variant", files: Some("variant"), measure: "", places: [None; 4] },
];

const HEADERS: [&str; 13] = [
    "date",
    "feed",
    "files",
    "rows",
    "loaded",
    "unchanged",
    "rejected",
    "parked",
    "ODS",
    "replica",
    "fact",
    "marts",
    "state",
];

fn print(format: Format, reconciliation: &Reconciliation) -> anyhow::Result<()> {
    let rows: Vec<_> = reconciliation.dates.iter().flat_map(rows).collect();
    output::print_rows(format, &HEADERS, &rows)
}

/// A row for each feed of a date; of the catalogue only when files brought some.
fn rows(date: &ReconciledDate) -> impl Iterator<Item = Vec<String>> + '_ {
    let state = state(date);
    FEEDS.iter().filter_map(move |feed| {
        let files = date.files.iter().find(|files| Some(files.table_name.as_str()) == feed.files);
        if feed.measure.is_empty() && files.is_none() {
            return None;
        }
        let amounts = feed.places.map(|place| Some(date.measures.amount(feed.measure, place?)));
        let begin = [date.date.to_string(), feed.name.to_owned()];
        let numbers = counts(files).into_iter().chain(amounts).map(shown);
        Some(begin.into_iter().chain(numbers).chain([state.clone()]).collect())
    })
}

fn counts(files: Option<&FeedFiles>) -> [Option<i64>; 6] {
    let Some(files) = files else { return [None; 6] };
    [files.files, files.rows_read, files.loaded, files.unchanged, files.rejected, files.parked].map(Some)
}

fn shown(amount: Option<i64>) -> String {
    amount.map(|amount| amount.to_string()).unwrap_or_default()
}

fn state(date: &ReconciledDate) -> String {
    if !date.differences.is_empty() {
        date.differences.join("; ")
    } else if !date.closed {
        "not closed".to_owned()
    } else if date.waiting.is_empty() {
        "reconciles".to_owned()
    } else {
        let reasons: Vec<_> = date.waiting.iter().copied().collect();
        format!("waits for the next close: {}", reasons.join(", "))
    }
}
