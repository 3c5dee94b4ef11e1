//! `daybook models test`

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use daybook_model::{Model, Registry, Severity};
use daybook_pipeline::{TestFailure, test_published};
use daybook_warehouse::delta;
use serde_json::json;

use super::{Outcome, Reporting, Selection};
use crate::daybook::Daybook;
use crate::output::{self, Format};

/// Runs the unit tests of models, then their data tests on what is published.
///
/// Ends with exit code 1 when a unit test fails, or a data test of severity error. A close runs data tests of what it
/// builds by itself.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    selection: Selection,

    /// Only unit tests
    #[arg(long, conflicts_with = "data")]
    unit: bool,

    /// Only data tests
    #[arg(long)]
    data: bool,
}

/// Rows of a failing test that a table for people shows.
const ROWS_SHOWN: usize = 5;

/// A unit test that fails.
struct UnitFailure {
    model: String,
    test: String,
    place: String,
    problem: String,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &TestArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let selected = args.selection.of(&registry)?;
    let units = if args.data { Vec::new() } else { unit_tests(&registry, &selected).await? };
    let warehouse = daybook.warehouse()?;
    let published = if args.unit { None } else { warehouse.published().await? };
    let (mut data, mut unbuilt) = (Vec::new(), Vec::new());
    if let Some(publication) = &published {
        data = test_published(warehouse.as_ref(), &registry, &daybook.close_settings()?, &selected).await?;
        let is_built = |model: &&Model| publication.tables.contains_key(&model.name);
        unbuilt =
            registry.models().iter().filter(|model| model.is_partitioned() && !is_built(model)).collect();
        unbuilt.retain(|model| selected.contains(&model.name));
    }
    report(&units, &data, reporting)?;
    if !reporting.quiet && !args.unit && published.is_none() {
        output::remark("nothing is published yet, so no data was tested");
    }
    for model in unbuilt.iter().filter(|_| !reporting.quiet) {
        output::remark(&format!(
            "{} is not built yet, so it has no rows to test: run `daybook models build`",
            model.name
        ));
    }
    let is_wrong = !units.is_empty() || data.iter().any(|failure| failure.severity == Severity::Error);
    Ok(if is_wrong { Outcome::Failed } else { Outcome::Done })
}

async fn unit_tests(
    registry: &Arc<Registry>,
    selected: &BTreeSet<String>,
) -> anyhow::Result<Vec<UnitFailure>> {
    let mut failures = Vec::new();
    for model in registry.models().iter().filter(|model| selected.contains(&model.name)) {
        for test in &model.unit_tests {
            let problem = match delta::run_unit_test(registry, model, test).await {
                Ok(None) => continue,
                Ok(Some(difference)) => difference.to_string(),
                Err(error) => error.to_string(),
            };
            failures.push(UnitFailure {
                model: model.name.clone(),
                test: test.name.clone(),
                place: test.place.to_string(),
                problem,
            });
        }
    }
    Ok(failures)
}

fn report(units: &[UnitFailure], data: &[TestFailure], reporting: Reporting) -> anyhow::Result<()> {
    if reporting.format == Format::Json {
        let units: Vec<_> = units
            .iter()
            .map(|unit| json!({ "model": unit.model, "test": unit.test, "place": unit.place, "problem": unit.problem }))
            .collect();
        return output::json(&json!({ "unit_tests": units, "data_tests": data }));
    }
    let unit_rows = units.iter().map(|unit| {
        vec![
            unit.model.clone(),
            format!("{} ({})", unit.test, unit.place),
            "error".to_owned(),
            unit.problem.clone(),
        ]
    });
    let data_rows = data.iter().map(|failure| {
        let model = failure.model.clone().unwrap_or_default();
        vec![model, failure.test.clone(), failure.severity.name().to_owned(), bad_rows(failure)]
    });
    let rows: Vec<_> = unit_rows.chain(data_rows).collect();
    if rows.is_empty() && reporting.format == Format::Table {
        if !reporting.quiet {
            output::remark("every test holds");
        }
        return Ok(());
    }
    output::print_rows(reporting.format, &["model", "test", "severity", "rows"], &rows)
}

/// How many rows are wrong, and the first of them, a line each.
fn bad_rows(failure: &TestFailure) -> String {
    let mut lines = vec![format!("{} row(s)", failure.failures)];
    for row in failure.rows.iter().take(ROWS_SHOWN) {
        let cells = row.iter().map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} (none)"),
        });
        lines.push(cells.collect::<Vec<_>>().join(", "));
    }
    if failure.rows.len() > ROWS_SHOWN {
        lines.push("… (--format json shows up to 100)".to_owned());
    }
    lines.join("\n")
}
