//! `daybook load`

use clap::Args;
use daybook_ods::{LoadEvent, LoadOutcome, LoadReport};
use serde_json::{Value, json};
use url::Url;

use super::{Outcome, Reporting};
use crate::config;
use crate::daybook::Daybook;
use crate::output::{self, Format, Progress};

/// Loads what has not been loaded before; the same content twice changes nothing.
///
/// Rows that break the contract are kept aside with the reason, and rows whose parent is missing wait for it:
/// `daybook status` counts both.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Batch directories, folders of them, or event files (transactions*.ndjson, variant_updates*.ndjson, also
    /// .gz and .zst); paths, file:// or s3:// [default: the landing place]
    #[arg(value_name = "URI")]
    uris: Vec<String>,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &LoadArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let uris: Vec<Url> = if args.uris.is_empty() {
        vec![daybook.config.landing_url()?]
    } else {
        args.uris.iter().map(|uri| config::location(uri)).collect::<Result<_, _>>()?
    };
    let options = daybook.load_options()?;
    let opened = daybook.open_ods().await?;
    let progress = Progress::start("loading", reporting.quiet);
    let mut reports = Vec::new();
    let mut failure = None;
    for uri in &uris {
        let noted = |event: LoadEvent<'_>| match event {
            LoadEvent::Read { bytes, rows, rejected } => progress.read(bytes, rows, rejected),
            LoadEvent::Done(report) => progress.step(&report.uri),
        };
        match opened.ods.load(uri, &options, &noted).await {
            Ok(loaded) => reports.extend(loaded),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    progress.end();
    opened.close().await?;
    if failure.is_none() || !reports.is_empty() {
        report(&reports, reporting)?;
    }
    match failure {
        Some(error) => Err(error.into()),
        None if reports.iter().any(LoadReport::is_refused) => Ok(Outcome::SomeRefused),
        None => Ok(Outcome::Done),
    }
}

fn report(reports: &[LoadReport], reporting: Reporting) -> anyhow::Result<()> {
    for report in reports {
        report
            .warnings
            .iter()
            .for_each(|warning| output::remark(&format!("warning: {}: {warning}", report.uri)));
        match &report.outcome {
            LoadOutcome::Refused { message } => {
                output::remark(&format!("refused: {}: {message}", report.uri))
            }
            LoadOutcome::Waiting { missing, since, is_overdue: true } => {
                let since = since.format("%Y-%m-%d %H:%M:%S");
                output::remark(&format!("warning: {} has waited for {missing} since {since}", report.uri));
            }
            LoadOutcome::Waiting { missing, .. } if !reporting.quiet => {
                output::remark(&format!("waiting: {} has no {missing} yet", report.uri));
            }
            _ => {}
        }
    }
    match reporting.format {
        Format::Json => output::json(&reports.iter().map(to_json).collect::<Vec<_>>()),
        format => {
            let headers = ["table", "files", "rows", "loaded", "unchanged", "rejected", "parked"];
            output::print_rows(format, &headers, &by_table(reports))?;
            if !reporting.quiet {
                output::remark(&summary(reports));
            }
            Ok(())
        }
    }
}

fn by_table(reports: &[LoadReport]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for table in daybook_model::contract::Table::ALL {
        let files: Vec<_> =
            reports.iter().flat_map(|report| &report.files).filter(|file| file.table == table).collect();
        if files.is_empty() {
            continue;
        }
        let sum = |count: fn(&daybook_ods::FileReport) -> u64| {
            files.iter().map(|file| count(file)).sum::<u64>().to_string()
        };
        rows.push(vec![
            table.name().to_owned(),
            files.len().to_string(),
            sum(|file| file.rows_read),
            sum(|file| file.loaded),
            sum(|file| file.unchanged),
            sum(|file| file.rejected),
            sum(|file| file.parked),
        ]);
    }
    rows
}

fn summary(reports: &[LoadReport]) -> String {
    let count = |is: fn(&LoadOutcome) -> bool| reports.iter().filter(|report| is(&report.outcome)).count();
    let healed: u64 = reports.iter().map(|report| report.healed).sum();
    format!(
        "{} loaded, {} known already, {} waiting, {} refused; {healed} parked rows healed",
        count(|outcome| matches!(outcome, LoadOutcome::Loaded { .. })),
        count(|outcome| matches!(outcome, LoadOutcome::AlreadyLoaded)),
        count(|outcome| matches!(outcome, LoadOutcome::Waiting { .. })),
        count(|outcome| matches!(outcome, LoadOutcome::Refused { .. })),
    )
}

fn to_json(report: &LoadReport) -> Value {
    let outcome = match &report.outcome {
        LoadOutcome::Loaded { load_id } => json!({ "state": "loaded", "load_id": load_id }),
        LoadOutcome::AlreadyLoaded => json!({ "state": "already_loaded" }),
        LoadOutcome::Waiting { missing, since, is_overdue } => {
            json!({ "state": "waiting", "missing": missing, "since": since, "is_overdue": is_overdue })
        }
        LoadOutcome::Refused { message } => json!({ "state": "refused", "message": message }),
    };
    let files: Vec<_> = report
        .files
        .iter()
        .map(|file| {
            json!({
                "name": file.name, "table": file.table.name(), "rows_read": file.rows_read, "loaded": file.loaded,
                "unchanged": file.unchanged, "rejected": file.rejected, "parked": file.parked,
            })
        })
        .collect();
    json!({
        "uri": report.uri, "outcome": outcome, "files": files, "healed": report.healed, "warnings": report.warnings,
    })
}
