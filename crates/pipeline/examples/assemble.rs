//! Closes days from a dump that lies in a warehouse's folder, and tells how long each step took. For benchmarks.
//!
//! `assemble WAREHOUSE MANIFEST FROM TO MEMORY_MIB` prints a line of JSON a step. `assemble --sql FROM TO` prints
//! instead, as JSON, the SQL of each stored model for all these days, that of each view, and those of their tests, in
//! the order of building.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use daybook_model::manifest::Manifest;
use daybook_model::{BusinessTimezone, Dialect, PartitionDate, Registry, Tested};
use daybook_pipeline::{Assembly, CloseSettings};
use daybook_storage::StorageOptions;
use daybook_warehouse::Storage;
use daybook_warehouse::delta::DeltaWarehouse;
use serde_json::json;
use url::Url;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--sql", from, to] => print_sql(from.parse()?, to.parse()?),
        [warehouse, manifest, from, to, memory] => {
            assemble(warehouse, manifest, from.parse()?, to.parse()?, memory.parse()?).await
        }
        _ => bail!("usage: assemble WAREHOUSE MANIFEST FROM TO MEMORY_MIB, or assemble --sql FROM TO"),
    }
}

async fn assemble(
    warehouse: &str,
    manifest: &str,
    from: PartitionDate,
    to: PartitionDate,
    memory_mib: usize,
) -> anyhow::Result<()> {
    let url = Url::from_directory_path(Path::new(warehouse)).ok().context("an absolute path is needed")?;
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(manifest)?)?;
    let registry = Arc::new(Registry::shipped()?);
    let storage = Storage::open(&url, &StorageOptions::default())?;
    let delta = DeltaWarehouse::new(storage, Arc::clone(&registry), memory_mib * 1024 * 1024)?;
    let settings = CloseSettings {
        timezone: BusinessTimezone::UTC,
        buffer: chrono::TimeDelta::hours(2),
        paid_statuses: vec!["success".to_owned()],
        retention_days: 3,
        keep_publications: 30,
    };
    let assembly = Assembly {
        warehouse: &delta,
        registry: &registry,
        settings: &settings,
        run_id: manifest.run_id,
        now: BusinessTimezone::UTC.end_of(to),
    };
    let published = assembly.close(&manifest, from..=to, &|step| print(&json!(step))).await?;
    print(&json!({ "publication": published.map(|publication| publication.number) }));
    Ok(())
}

fn print_sql(from: PartitionDate, to: PartitionDate) -> anyhow::Result<()> {
    let dates: BTreeSet<_> = PartitionDate::range(from, to).collect();
    for model in Registry::shipped()?.models() {
        let tests = model.data_tests.iter().filter(|_| model.is_dated());
        let as_of = BusinessTimezone::UTC.end_of(to);
        let tests = tests.map(|test| test.bad_rows(&Tested::from(model), &dates, as_of, Dialect::Delta));
        print(&json!({
            "name": model.name,
            "stored": model.is_stored(),
            "sort": model.sort,
            "columns": model.columns.iter().map(|column| &column.name).collect::<Vec<_>>(),
            "sql": model.compile(&dates, Dialect::Delta)?,
            "tests": tests.collect::<Result<Vec<_>, _>>()?,
        }));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the program's own output")]
fn print(line: &serde_json::Value) {
    println!("{line}");
}
