//! `daybook reconcile`

use clap::Args;
use daybook_model::PartitionDate;
use daybook_ods::FeedFiles;
use daybook_pipeline::{Close, ReconciledDate, Reconciliation};

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format, Progress};

/// Follows every row from the files to the marts, and says where the numbers differ. Changes nothing.
///
/// Without arguments: every closed date. Ends with exit code 1 when something differs. A date that waits holds rows
/// that came after its close; the next close takes them in. What has expired from the ODS is no longer counted there.
#[derive(Debug, Args)]
pub(crate) struct ReconcileArgs {
    /// Only this date
    #[arg(long, value_name = "DATE", conflicts_with_all = ["from", "to"])]
    date: Option<PartitionDate>,

    /// From this date on
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<PartitionDate>,

    /// Up to this date
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<PartitionDate>,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &ReconcileArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let warehouse = daybook.open_warehouse()?;
    let settings = daybook.close_settings()?;
    let opened = daybook.open_ods().await?;
    let progress = Progress::start("reconciling", reporting.quiet);
    let close = Close {
        ods: &opened.ods,
        warehouse: warehouse.as_ref(),
        registry: &registry,
        settings: &settings,
        progress: &|_| {},
    };
    let days = args.date.map(|date| (date, date)).or(args.from.zip(args.to));
    let reconciled = close.reconcile(days).await;
    progress.end();
    opened.close().await?;
    report(&reconciled?, reporting)
}

fn report(reconciliation: &Reconciliation, reporting: Reporting) -> anyhow::Result<Outcome> {
    let differences = reconciliation.difference_count();
    match reporting.format {
        Format::Json => output::json(reconciliation)?,
        Format::Csv => print_dates(Format::Csv, reconciliation)?,
        Format::Table => {
            print_files(reconciliation)?;
            print_dates(Format::Table, reconciliation)?;
        }
    }
    if differences > 0 {
        anyhow::bail!("{differences} difference(s): the column `state` names the places and their amounts");
    }
    if !reporting.quiet {
        output::remark(&format!("{} dates reconcile", reconciliation.dates.len()));
    }
    Ok(Outcome::Done)
}

fn print_files(reconciliation: &Reconciliation) -> anyhow::Result<()> {
    let headers = ["feed", "files", "rows read", "= loaded", "+ unchanged", "+ rejected", "+ parked"];
    let row = |feed: &FeedFiles| {
        let counts = [feed.files, feed.rows_read, feed.loaded, feed.unchanged, feed.rejected, feed.parked];
        std::iter::once(feed.table_name.clone()).chain(counts.iter().map(ToString::to_string)).collect()
    };
    output::print_rows(Format::Table, &headers, &reconciliation.files.iter().map(row).collect::<Vec<_>>())
}

const COLUMNS: [(&str, &str, &str); 8] = [
    ("orders: ODS", "orders", "ods"),
    ("orders: replica", "orders", "replica"),
    ("lines: ODS", "lines", "ods"),
    ("lines: replica", "lines", "replica"),
    ("lines: fact", "lines", "fact"),
    ("revenue: ODS", "revenue", "ods"),
    ("revenue: fact", "revenue", "fact"),
    ("revenue: marts", "revenue", "app_daily_revenue"),
];

fn print_dates(format: Format, reconciliation: &Reconciliation) -> anyhow::Result<()> {
    let headers: Vec<&str> =
        std::iter::once("date").chain(COLUMNS.iter().map(|column| column.0)).chain(["state"]).collect();
    let row = |date: &ReconciledDate| {
        let amounts =
            COLUMNS.iter().map(|(_, measure, place)| date.measures.amount(measure, place).to_string());
        std::iter::once(date.date.to_string()).chain(amounts).chain([state(date)]).collect()
    };
    output::print_rows(format, &headers, &reconciliation.dates.iter().map(row).collect::<Vec<_>>())
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
