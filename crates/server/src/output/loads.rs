//! What came of loads.

use std::time::Duration;

use daybook_model::contract::Table;
use daybook_ods::{FileReport, LoadOutcome, LoadReport};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;
use serde_json::{Value, json};

use super::Format;

/// The sums of loads; files, bytes and rows are those of the batches that were loaded now.
#[derive(Debug, Serialize)]
struct Summary {
    batches: Batches,
    files: usize,
    /// Decompressed.
    bytes: u64,
    rows_read: u64,
    loaded: u64,
    unchanged: u64,
    rejected: u64,
    parked: u64,
    /// Rows of earlier loads whose parent came.
    healed: u64,
    seconds: f64,
    rows_per_second: u64,
}

#[derive(Debug, Serialize)]
struct Batches {
    loaded: usize,
    already_loaded: usize,
    waiting: usize,
    refused: usize,
}

/// Prints what became of batches. Those that were loaded before are counted only, for there may be thousands.
pub(crate) fn print_loads(
    format: Format,
    quiet: bool,
    reports: &[LoadReport],
    duration: Duration,
) -> anyhow::Result<()> {
    let summary = Summary::of(reports, duration);
    let news = reports.iter().filter(|report| report.outcome != LoadOutcome::AlreadyLoaded);
    news.clone().for_each(|report| remark_on(report, quiet));
    if format == Format::Json {
        let loads: Vec<_> = news.map(to_json).collect();
        return super::json(&json!({ "summary": summary, "loads": loads }));
    }
    let headers = ["table", "files", "rows", "loaded", "unchanged", "rejected", "parked"];
    super::print_rows(format, &headers, &by_table(reports))?;
    if !quiet {
        super::remark(&summary.in_a_line());
    }
    Ok(())
}

impl Summary {
    fn of(reports: &[LoadReport], duration: Duration) -> Self {
        let batches =
            |is: fn(&LoadOutcome) -> bool| reports.iter().filter(|report| is(&report.outcome)).count();
        let files = || reports.iter().flat_map(|report| &report.files);
        let sum = |count: fn(&FileReport) -> u64| files().map(count).sum::<u64>();
        let rows_read = sum(|file| file.rows_read);
        let rate = rows_read as f64 / duration.as_secs_f64().max(0.001);
        Self {
            batches: Batches {
                loaded: batches(|outcome| matches!(outcome, LoadOutcome::Loaded { .. })),
                already_loaded: batches(|outcome| matches!(outcome, LoadOutcome::AlreadyLoaded)),
                waiting: batches(|outcome| matches!(outcome, LoadOutcome::Waiting { .. })),
                refused: batches(|outcome| matches!(outcome, LoadOutcome::Refused { .. })),
            },
            files: files().count(),
            bytes: sum(|file| file.bytes),
            rows_read,
            loaded: sum(|file| file.loaded),
            unchanged: sum(|file| file.unchanged),
            rejected: sum(|file| file.rejected),
            parked: sum(|file| file.parked),
            healed: reports.iter().map(|report| report.healed).sum(),
            seconds: (duration.as_secs_f64() * 1000.0).round() / 1000.0,
            rows_per_second: rate.round() as u64,
        }
    }

    fn in_a_line(&self) -> String {
        let Batches { loaded, already_loaded, waiting, refused } = &self.batches;
        format!(
            "{loaded} loaded, {already_loaded} known already, {waiting} waiting, {refused} refused; {} rows ({}) in \
             {:.1} s, {} rows/s, {} rejected; {} parked rows healed",
            HumanCount(self.rows_read),
            HumanBytes(self.bytes),
            self.seconds,
            HumanCount(self.rows_per_second),
            HumanCount(self.rejected),
            HumanCount(self.healed)
        )
    }
}

fn remark_on(report: &LoadReport, quiet: bool) {
    let uri = &report.uri;
    report.warnings.iter().for_each(|warning| super::remark(&format!("warning: {uri}: {warning}")));
    match &report.outcome {
        LoadOutcome::Refused { message } => super::remark(&format!("refused: {uri}: {message}")),
        LoadOutcome::Waiting { missing, since, is_overdue: true } => {
            let since = super::utc(*since);
            super::remark(&format!("warning: {uri} has waited for {missing} since {since}"));
        }
        LoadOutcome::Waiting { missing, .. } if !quiet => {
            super::remark(&format!("waiting: {uri} has no {missing} yet"));
        }
        _ => {}
    }
}

fn by_table(reports: &[LoadReport]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for table in Table::ALL {
        let files: Vec<_> =
            reports.iter().flat_map(|report| &report.files).filter(|file| file.table == table).collect();
        if files.is_empty() {
            continue;
        }
        let sum =
            |count: fn(&FileReport) -> u64| files.iter().map(|file| count(file)).sum::<u64>().to_string();
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
                "name": file.name, "table": file.table.name(), "bytes": file.bytes, "rows_read": file.rows_read,
                "loaded": file.loaded, "unchanged": file.unchanged, "rejected": file.rejected, "parked": file.parked,
            })
        })
        .collect();
    json!({
        "uri": report.uri, "outcome": outcome, "files": files, "healed": report.healed, "warnings": report.warnings,
    })
}
