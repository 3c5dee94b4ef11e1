//! `daybook run`

use clap::Args;
use daybook_model::PartitionDate;
use daybook_pipeline::{Close, CloseReport, CloseState, DatePlan};

use super::closing::{DaysArgs, build_with_close};
use super::{Outcome, Reporting, plan};
use crate::daybook::Daybook;
use crate::output::{self, Format};

/// Closes days and publishes them all at once. Without arguments: every day that is due and not closed.
///
/// Earlier dates that late rows touched are built again, too. Running again changes nothing. A close that fails or
/// is killed leaves what was published as it was.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    days: DaysArgs,

    /// Only say what would be built, and why; the same as `daybook plan`
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &RunArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    if args.dry_run {
        return plan::execute(daybook, &args.days, reporting).await;
    }
    let closing = async |close: Close<'_>| close.run(args.days.period()).await;
    report(&build_with_close(daybook, "close", "closing", reporting, closing).await?, reporting)?;
    Ok(Outcome::Done)
}

pub(super) fn report(report: &CloseReport, reporting: Reporting) -> anyhow::Result<()> {
    match reporting.format {
        Format::Json => return output::json(report),
        Format::Csv => output::print_rows(Format::Csv, &["date", "because of"], &dates(report))?,
        Format::Table if report.dates.is_empty() => {}
        Format::Table => {
            output::print_rows(Format::Table, &["dates", "because of"], &stretches(&report.dates))?
        }
    }
    if !reporting.quiet {
        output::remark(&summary(report));
    }
    Ok(())
}

fn summary(report: &CloseReport) -> String {
    let seconds = report.seconds;
    match (report.state, report.publication) {
        (CloseState::Published, Some(number)) => {
            format!("published: number {number}, {} dates built in {seconds:.1} s", report.dates.len())
        }
        (CloseState::NothingToClose, _) => "nothing to close: no day with orders is due yet".to_owned(),
        _ => "nothing has changed since the last close".to_owned(),
    }
}

fn dates(report: &CloseReport) -> Vec<Vec<String>> {
    let row = |(date, reasons): (&PartitionDate, &std::collections::BTreeSet<&str>)| {
        vec![date.to_string(), reasons.iter().copied().collect::<Vec<_>>().join(", ")]
    };
    report.dates.iter().map(row).collect()
}

/// Consecutive dates with the same reasons in one row.
pub(super) fn stretches(plan: &DatePlan) -> Vec<Vec<String>> {
    let mut stretches: Vec<(PartitionDate, PartitionDate, String)> = Vec::new();
    for (date, reasons) in plan {
        let reasons = reasons.iter().copied().collect::<Vec<_>>().join(", ");
        match stretches.last_mut() {
            Some((_, last, same)) if last.next() == *date && *same == reasons => *last = *date,
            _ => stretches.push((*date, *date, reasons)),
        }
    }
    let row = |(first, last, reasons): (PartitionDate, PartitionDate, String)| {
        let dates = if first == last { first.to_string() } else { format!("{first} … {last}") };
        vec![dates, reasons]
    };
    stretches.into_iter().map(row).collect()
}
