//! Answers SQL from a warehouse's published books, and tells how long each answer took. For benchmarks.
//!
//! `ask WAREHOUSE MEMORY_MIB` reads a query a line, and prints for each a line of JSON: the milliseconds until the last
//! row was there, and the rows as text.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use daybook_model::Registry;
use daybook_storage::StorageOptions;
use daybook_warehouse::delta::DeltaWarehouse;
use daybook_warehouse::{Storage, Warehouse};
use mimalloc::MiMalloc;
use serde_json::json;
use url::Url;

/// The program's own.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [warehouse, memory] = arguments.as_slice() else { bail!("usage: ask WAREHOUSE MEMORY_MIB") };
    let memory: usize = memory.parse()?;
    let url = Url::from_directory_path(Path::new(warehouse)).ok().context("an absolute path is needed")?;
    let storage = Storage::open(&url, &StorageOptions::default())?;
    let delta = DeltaWarehouse::new(storage, Arc::new(Registry::shipped()?), memory * 1024 * 1024)?;
    for sql in std::io::stdin().lock().lines() {
        let started = Instant::now();
        let batches = delta.query(&sql?, &[]).await?.collect().await?;
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        answer(&json!({ "milliseconds": milliseconds, "rows": rows(&batches)? }));
    }
    Ok(())
}

fn rows(batches: &[RecordBatch]) -> anyhow::Result<Vec<Vec<String>>> {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect()),
        );
    }
    Ok(rows)
}

#[expect(clippy::print_stdout, reason = "the program's own output")]
fn answer(line: &serde_json::Value) {
    println!("{line}");
}
