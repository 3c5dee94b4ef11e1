//! `daybook run` and `daybook plan`

use clap::Args;
use daybook_model::PartitionDate;
use daybook_pipeline::{
    Close, ClosePeriod, ClosePlan, CloseReport, CloseState, DatePlan, PlannedRows, TablePlan,
};

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format, Progress};

/// Closes days and publishes them all at once. Without arguments: every day that is due and not closed.
///
/// Earlier dates that late rows touched are built again, too. Running again changes nothing. A close that fails or
/// is killed leaves what was published as it was.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    period: PeriodArgs,

    /// Only say what would be built, and why; the same as `daybook plan`
    #[arg(long)]
    dry_run: bool,
}

/// Which days are meant; without any, every day that is due and not closed.
#[derive(Debug, Args)]
pub(crate) struct PeriodArgs {
    /// Close this day
    #[arg(long, value_name = "DATE", conflicts_with_all = ["from", "to"])]
    date: Option<PartitionDate>,

    /// Close from this day on
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<PartitionDate>,

    /// Close up to this day
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<PartitionDate>,
}

impl PeriodArgs {
    fn period(&self) -> ClosePeriod {
        match (self.date, self.from, self.to) {
            (Some(date), _, _) => ClosePeriod::Days { from: date, to: date },
            (None, Some(from), Some(to)) => ClosePeriod::Days { from, to },
            _ => ClosePeriod::Due,
        }
    }
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &RunArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    if args.dry_run {
        return plan(daybook, &args.period, reporting).await;
    }
    let registry = daybook.registry()?;
    let warehouse = daybook.open_warehouse()?;
    let settings = daybook.close_settings()?;
    let opened = daybook.open_ods().await?;
    let progress = Progress::start("closing", reporting.quiet);
    let close = Close {
        ods: &opened.ods,
        warehouse: warehouse.as_ref(),
        registry: &registry,
        settings: &settings,
        progress: &|step| progress.step(&step.name),
    };
    let closed = close.run(args.period.period()).await;
    progress.end();
    opened.close().await?;
    report(&closed?, reporting)?;
    Ok(Outcome::Done)
}

/// `daybook plan`
pub(super) async fn plan(
    daybook: &Daybook,
    args: &PeriodArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let warehouse = daybook.open_warehouse()?;
    let settings = daybook.close_settings()?;
    let opened = daybook.open_ods().await?;
    let progress = Progress::start("planning", reporting.quiet);
    let close = Close {
        ods: &opened.ods,
        warehouse: warehouse.as_ref(),
        registry: &registry,
        settings: &settings,
        progress: &|_| {},
    };
    let plan = close.plan(args.period()).await;
    progress.end();
    opened.close().await?;
    report_plan(&plan?, reporting)?;
    Ok(Outcome::Done)
}

fn report_plan(plan: &ClosePlan, reporting: Reporting) -> anyhow::Result<()> {
    match reporting.format {
        Format::Json => return output::json(plan),
        Format::Csv => {
            let headers = ["table", "date", "rows in the ODS", "rows published", "because of"];
            output::print_rows(Format::Csv, &headers, &planned_dates(plan))?;
        }
        Format::Table if plan.tables.is_empty() => {}
        Format::Table => {
            output::print_rows(Format::Table, &["dates", "because of"], &stretches(&plan.dates))?;
            let headers = ["table", "dates", "from", "to", "rows in the ODS", "rows published"];
            output::print_rows(Format::Table, &headers, &planned_tables(plan))?;
        }
    }
    if plan.tables.is_empty() && !reporting.quiet {
        output::remark("nothing would be built");
    }
    Ok(())
}

fn planned_dates(plan: &ClosePlan) -> Vec<Vec<String>> {
    let rows =
        plan.tables.iter().flat_map(|table| table.dates.iter().map(move |(date, rows)| (table, date, rows)));
    let row = |(table, date, rows): (&TablePlan, &PartitionDate, &PlannedRows)| {
        let reasons = plan.dates.get(date).into_iter().flatten().copied().collect::<Vec<_>>();
        let source = rows.source.map(|count| count.to_string()).unwrap_or_default();
        vec![table.table.clone(), date.to_string(), source, rows.published.to_string(), reasons.join(", ")]
    };
    rows.map(row).collect()
}

fn planned_tables(plan: &ClosePlan) -> Vec<Vec<String>> {
    let row = |table: &TablePlan| {
        let date = |date: Option<&PartitionDate>| date.map(ToString::to_string).unwrap_or_default();
        let source: Option<u64> = table.dates.values().map(|rows| rows.source).sum();
        let published: u64 = table.dates.values().map(|rows| rows.published).sum();
        vec![
            table.table.clone(),
            table.dates.len().to_string(),
            date(table.dates.keys().next()),
            date(table.dates.keys().next_back()),
            source.map(|count| count.to_string()).unwrap_or_default(),
            published.to_string(),
        ]
    };
    plan.tables.iter().map(row).collect()
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
    let seconds: f64 = report.steps.iter().map(|step| step.seconds).sum();
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
fn stretches(plan: &DatePlan) -> Vec<Vec<String>> {
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
