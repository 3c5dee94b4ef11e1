//! `daybook models show`

use clap::Args;
use daybook_model::{Model, Registry};
use serde_json::json;

use super::{Outcome, Reporting, find};
use crate::daybook::Daybook;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The model
    name: String,
}

pub(super) fn execute(daybook: &Daybook, args: &ShowArgs, reporting: Reporting) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let model = find(&registry, &args.name)?;
    match reporting.format {
        Format::Json => output::json(&to_json(model, &registry))?,
        Format::Csv => output::print_rows(Format::Csv, &COLUMNS, &columns(model))?,
        Format::Table => {
            output::print_rows(Format::Table, &["what", "value"], &properties(model, &registry))?;
            output::print_rows(Format::Table, &COLUMNS, &columns(model))?;
            output::print_rows(Format::Table, &["test", "severity"], &tests(model))?;
        }
    }
    Ok(Outcome::Done)
}

const COLUMNS: [&str; 4] = ["column", "data type", "nullable", "description"];

fn properties(model: &Model, registry: &Registry) -> Vec<Vec<String>> {
    let reads = model.reads.keys().cloned().collect::<Vec<_>>();
    let properties = [
        ("name", model.name.clone()),
        ("description", model.description.clone()),
        ("kind", model.kind.name().to_owned()),
        ("grain", model.grain.clone()),
        ("key", model.key.join(", ")),
        ("sort", model.sort.join(", ")),
        ("owner", model.owner.clone().unwrap_or_default()),
        ("origin", model.origin.name().to_owned()),
        ("file", model.file.clone()),
        ("reads", reads.join(", ")),
        ("read by", readers(model, registry).join(", ")),
    ];
    properties.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
}

fn readers(model: &Model, registry: &Registry) -> Vec<String> {
    let readers = registry.models().iter().filter(|reader| reader.reads.contains_key(&model.name));
    readers.map(|reader| reader.name.clone()).collect()
}

fn columns(model: &Model) -> Vec<Vec<String>> {
    let row = |column: &daybook_model::ColumnSpec| {
        vec![
            column.name.clone(),
            column.data_type.name().to_owned(),
            column.nullable.to_string(),
            column.description.clone(),
        ]
    };
    model.columns.iter().map(row).collect()
}

fn tests(model: &Model) -> Vec<Vec<String>> {
    let data = model.data_tests.iter().map(|test| vec![test.name.clone(), test.severity.name().to_owned()]);
    let unit = model.unit_tests.iter().map(|test| vec![format!("unit: {}", test.name), String::new()]);
    data.chain(unit).collect()
}

fn to_json(model: &Model, registry: &Registry) -> serde_json::Value {
    let columns: Vec<_> = model
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "data_type": column.data_type.name(),
                "nullable": column.nullable,
                "description": column.description,
            })
        })
        .collect();
    let data_tests: Vec<_> =
        model.data_tests.iter().map(|test| json!({ "name": test.name, "severity": test.severity })).collect();
    json!({
        "name": model.name,
        "description": model.description,
        "owner": model.owner,
        "kind": model.kind.name(),
        "grain": model.grain,
        "key": model.key,
        "sort": model.sort,
        "origin": model.origin.name(),
        "file": model.file,
        "reads": model.reads.keys().collect::<Vec<_>>(),
        "read_by": readers(model, registry),
        "columns": columns,
        "data_tests": data_tests,
        "unit_tests": model.unit_tests.iter().map(|test| &test.name).collect::<Vec<_>>(),
    })
}
