//! Rows in the chosen form.

use std::io;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use daybook_warehouse::QueryResult;
use futures::TryStreamExt;
use serde_json::{Map, Value};

use super::Format;

/// How many rows a table for people shows of a query's answer.
const TABLE_ROWS: usize = 1_000;

/// Prints rows of text under headers.
pub(crate) fn print_rows(format: Format, headers: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    match format {
        Format::Table => super::line(&table(headers, rows).to_string())?,
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(io::stdout());
            writer.write_record(headers)?;
            rows.iter().try_for_each(|row| writer.write_record(row))?;
            writer.flush()?;
        }
        Format::Json => {
            let object = |row: &Vec<String>| {
                headers
                    .iter()
                    .zip(row)
                    .map(|(header, cell)| ((*header).to_owned(), Value::from(cell.clone())))
                    .collect()
            };
            super::json(&rows.iter().map(object).collect::<Vec<Map<_, _>>>())?;
        }
    }
    Ok(())
}

/// Prints a query's answer as it comes; a table for people is cut after its first thousand rows, and says so.
pub(crate) async fn print_query(format: Format, result: QueryResult) -> anyhow::Result<()> {
    match format {
        Format::Table => print_query_table(result).await,
        Format::Csv => {
            let mut writer = arrow::csv::WriterBuilder::new().with_header(true).build(io::stdout());
            let mut batches = result.batches;
            // so that an empty answer has its header too
            writer.write(&RecordBatch::new_empty(result.schema))?;
            while let Some(batch) = batches.try_next().await? {
                writer.write(&batch)?;
            }
            Ok(())
        }
        Format::Json => {
            let mut writer = arrow::json::ArrayWriter::new(io::stdout());
            let mut batches = result.batches;
            while let Some(batch) = batches.try_next().await? {
                writer.write(&batch)?;
            }
            writer.finish()?;
            super::line("")?;
            Ok(())
        }
    }
}

async fn print_query_table(result: QueryResult) -> anyhow::Result<()> {
    let headers: Vec<_> = result.schema.fields().iter().map(|field| field.name().as_str()).collect();
    let mut batches = result.batches;
    let mut rows = Vec::new();
    let mut more = false;
    while let Some(batch) = batches.try_next().await? {
        let room = TABLE_ROWS - rows.len();
        rows.extend(text_rows(&batch.slice(0, room.min(batch.num_rows())))?);
        if batch.num_rows() > room {
            more = true;
            break;
        }
    }
    let mut table = table(&headers, &rows);
    for (position, field) in result.schema.fields().iter().enumerate() {
        if let (true, Some(column)) = (field.data_type().is_numeric(), table.column_mut(position)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    super::line(&table.to_string())?;
    if more {
        super::remark("only the first 1000 rows are shown: use --format csv or json for all");
    }
    Ok(())
}

fn text_rows(batch: &RecordBatch) -> anyhow::Result<Vec<Vec<String>>> {
    let options = FormatOptions::default();
    let columns = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column.value(row).to_string()).collect())
        .collect())
}

fn table(headers: &[&str], rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(headers.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    table
}
