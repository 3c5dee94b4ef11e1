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
/// Revenue is in minor units. Files count for every date that their load touched, with all their rows.
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

/// What is followed through a date.
struct Feed {
    name: &'static str,
    /// The table whose files bring it; the ledger counts rows, not what is in them.
    files: Option<&'static str>,
    measure: &'static str,
    mart: Option<&'static str>,
}

const FEEDS: [Feed; 4] = [
    Feed { name: "orders", files: Some("orders"), measure: "orders", mart: Some("app_daily_revenue") },
    Feed { name: "order_lines", files: Some("order_lines"), measure: "lines", mart: None },
    Feed { name: "revenue", files: None, measure: "revenue", mart: Some("app_daily_revenue") },
    Feed { name: "transaction", files: Some("transaction"), measure: "transactions", mart: None },
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

/// A row for each feed of a date; the first one says how the date stands.
fn rows(date: &ReconciledDate) -> impl Iterator<Item = Vec<String>> + '_ {
    let states = std::iter::once(state(date)).chain(std::iter::repeat(String::new()));
    FEEDS.iter().zip(states).map(|(feed, state)| {
        let files = date.files.iter().find(|files| Some(files.table_name.as_str()) == feed.files);
        let places = [Some("ods"), Some("replica"), Some("fact"), feed.mart];
        let amount = |place: Option<&str>| date.measures.shown(feed.measure, place?);
        let begin = [date.date.to_string(), feed.name.to_owned()];
        let amounts = counts(files).into_iter().chain(places.map(amount)).map(shown);
        begin.into_iter().chain(amounts).chain([state]).collect()
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
