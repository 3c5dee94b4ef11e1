//! `daybook plan`

use daybook_model::PartitionDate;
use daybook_pipeline::{Close, ClosePlan, PlannedRows, TablePlan};

use super::closing::{DaysArgs, with_close};
use super::run::stretches;
use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};

pub(super) async fn execute(
    daybook: &Daybook,
    args: &DaysArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let planning = async |close: Close<'_>| close.plan(args.period()).await;
    report(&with_close(daybook, "planning", reporting, planning).await?, reporting)?;
    Ok(Outcome::Done)
}

fn report(plan: &ClosePlan, reporting: Reporting) -> anyhow::Result<()> {
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
    let whole = plan.tables.iter().filter(|table| table.whole);
    let whole = whole.map(|table| {
        vec![table.table.clone(), "all".to_owned(), String::new(), String::new(), String::new()]
    });
    rows.map(row).chain(whole).collect()
}

fn planned_tables(plan: &ClosePlan) -> Vec<Vec<String>> {
    let row = |table: &TablePlan| {
        let date = |date: Option<&PartitionDate>| date.map(ToString::to_string).unwrap_or_default();
        // of what is built as a whole nothing is known by dates; a sum of nothing would say that there are no rows
        let dated = Some(&table.dates).filter(|_| !table.whole);
        let source: Option<u64> = dated.and_then(|dates| dates.values().map(|rows| rows.source).sum());
        let published = dated.map(|dates| dates.values().map(|rows| rows.published).sum::<u64>());
        vec![
            table.table.clone(),
            if table.whole { "all".to_owned() } else { table.dates.len().to_string() },
            date(table.dates.keys().next()),
            date(table.dates.keys().next_back()),
            source.map(|count| count.to_string()).unwrap_or_default(),
            published.map(|count| count.to_string()).unwrap_or_default(),
        ]
    };
    plan.tables.iter().map(row).collect()
}
