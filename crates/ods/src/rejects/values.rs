//! What a rejected row holds for each column, as far as that is certain.

use daybook_model::contract::Table;
use serde_json::{Map, Value};

use super::RejectedRow;
use crate::load::csv::CsvRecords;
use crate::load::header::Header;

/// The row's text for each column of the contract. A value that is lost, or that may belong to another column, is
/// empty: replayed as it is, no rejected row becomes a good one by guessing.
pub(crate) fn values(row: &RejectedRow, table: Table) -> Vec<String> {
    let found = match &row.header {
        Some(header) => csv_values(row, table, header),
        None => event_values(row, table),
    };
    let mut values = found.unwrap_or_else(|| vec![String::new(); table.columns().len()]);
    values.iter_mut().filter(|value| is_damaged(value)).for_each(String::clear);
    values
}

/// Whatever the row's reason, which is only its first breach: the replacement character stands for bytes that are gone,
/// NUL among them unless JSON escapes it.
fn is_damaged(value: &str) -> bool {
    value.contains(['\u{fffd}', '\0'])
}

fn csv_values(row: &RejectedRow, table: Table, header: &str) -> Option<Vec<String>> {
    let mut headers = whole(header);
    let header = Header::parse(&row.file, table, &headers.peek()?).ok()?;
    let mut records = whole(&row.raw);
    let record = records.peek()?;
    let is_clean = record.damage.is_none() && record.len() == header.fields().len();
    is_clean.then(|| {
        let text = |field: &usize| String::from_utf8_lossy(&record.field(*field)).into_owned();
        header.fields().iter().map(text).collect()
    })
}

fn whole(text: &str) -> CsvRecords {
    let mut records = CsvRecords::new();
    records.push(text.as_bytes());
    records.push(b"");
    records
}

fn event_values(row: &RejectedRow, table: Table) -> Option<Vec<String>> {
    let event: Map<String, Value> = serde_json::from_str(&row.raw).ok()?;
    let text = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    Some(table.columns().iter().map(|column| text(event.get(column.name))).collect())
}
