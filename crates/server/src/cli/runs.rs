//! `daybook runs`

use std::collections::BTreeMap;

use anyhow::bail;
use chrono::NaiveDate;
use clap::{Args, Subcommand};
use daybook_model::step;
use daybook_pipeline::runs::{self, FailedTest, RunStep, RunSummary};
use daybook_warehouse::Cost;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};

/// Shows what became of earlier closes.
#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// The last runs, newest first
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// One run with its steps: how long each took, and what it counted
    Show {
        /// The run's id, as `runs list` shows it
        id: i64,
    },
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &RunsArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let opened = daybook.open_ods().await?;
    let pool = opened.ods.pool();
    match args.command {
        RunsCommand::List { limit } => {
            let listed = runs::list(pool, limit).await;
            opened.close().await?;
            print_runs(&listed?, reporting.format)?;
        }
        RunsCommand::Show { id } => {
            let found = runs::find(pool, id).await;
            let failed_tests = runs::failed_tests(pool, id).await;
            opened.close().await?;
            let Some((run, steps)) = found? else {
                bail!("there is no run {id}: `daybook runs list` shows which there are");
            };
            print_run(run, &steps, &failed_tests?, reporting.format)?;
        }
    }
    Ok(Outcome::Done)
}

const RUN_HEADERS: [&str; 8] = ["id", "state", "from", "to", "started", "finished", "publication", "error"];

fn print_runs(runs: &[RunSummary], format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => output::json(&runs),
        format => output::print_rows(format, &RUN_HEADERS, &runs.iter().map(run_row).collect::<Vec<_>>()),
    }
}

fn print_run(
    run: RunSummary,
    steps: &[RunStep],
    failed_tests: &[FailedTest],
    format: Format,
) -> anyhow::Result<()> {
    if format == Format::Json {
        return output::json(&json!({ "run": run, "steps": steps, "failed_tests": failed_tests }));
    }
    if format == Format::Table {
        output::print_rows(format, &RUN_HEADERS, &[run_row(&run)])?;
    }
    let costs = costs(steps);
    let row = |step: &RunStep| {
        let seconds = (step.finished_at - step.started_at).as_seconds_f64();
        let counted = match &costs {
            Some(costs) if step.name == step::COSTS => total(costs),
            _ => counts(&step.metrics),
        };
        vec![step.position.to_string(), step.name.clone(), format!("{seconds:.1}"), counted]
    };
    let rows: Vec<_> = steps.iter().map(row).collect();
    output::print_rows(format, &["step", "name", "seconds", "counted"], &rows)?;
    if format == Format::Table
        && let Some(costs) = costs
    {
        let headers = ["step in the warehouse", "seconds", "bytes scanned"];
        let rows: Vec<_> = costs
            .iter()
            .map(|(step, cost)| {
                vec![step.clone(), format!("{:.1}", cost.seconds), cost.bytes_scanned.to_string()]
            })
            .collect();
        output::print_rows(format, &headers, &rows)?;
    }
    if format == Format::Table && !failed_tests.is_empty() {
        let headers = ["failed test", "model", "severity", "rows", "the first of them"];
        output::print_rows(format, &headers, &failed_tests.iter().map(test_row).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn test_row(test: &FailedTest) -> Vec<String> {
    vec![
        test.test.clone(),
        test.model.clone().unwrap_or_default(),
        test.severity.clone(),
        test.failures.to_string(),
        test.first_row(),
    ]
}

fn run_row(run: &RunSummary) -> Vec<String> {
    let date = |date: Option<NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
    vec![
        run.id.to_string(),
        run.state.name().to_owned(),
        date(run.from_date),
        date(run.to_date),
        output::utc(run.started_at),
        run.finished_at.map(output::utc).unwrap_or_default(),
        run.publication.map(|number| number.to_string()).unwrap_or_default(),
        run.error.clone().unwrap_or_default(),
    ]
}

/// What the steps have cost in the warehouse, if that was counted.
fn costs(steps: &[RunStep]) -> Option<BTreeMap<String, Cost>> {
    let step = steps.iter().find(|step| step.name == step::COSTS)?;
    BTreeMap::deserialize(&step.metrics).ok()
}

fn total(costs: &BTreeMap<String, Cost>) -> String {
    let seconds: f64 = costs.values().map(|cost| cost.seconds).sum();
    let bytes: u64 = costs.values().map(|cost| cost.bytes_scanned).sum();
    format!("{seconds:.1} seconds of statements, {bytes} bytes scanned")
}

/// `{"rows": {"orders": 5}, "healed": 1}` as people read it.
fn counts(metrics: &Value) -> String {
    let Some(metrics) = metrics.as_object() else { return metrics.to_string() };
    let count = |(name, value): (&String, &Value)| match value {
        Value::Object(_) => format!("{name} ({})", counts(value)),
        value => format!("{name} {value}"),
    };
    metrics.iter().map(count).collect::<Vec<_>>().join(", ")
}
