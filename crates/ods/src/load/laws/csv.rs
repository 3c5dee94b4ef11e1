//! The laws of the CSV reader.

use daybook_model::contract::Table;

use super::file::{Row, assert_covered};
use super::{Cut, value};
use crate::load::csv::{CsvRecords, Record};
use crate::load::header::Header;

const TABLES: [Table; 4] = [Table::Product, Table::Variant, Table::Orders, Table::OrderLines];

/// Reads a file in pieces and checks all that must hold.
pub(crate) fn check(file: &[u8], cut: Cut) {
    let rows = rows(file, cut);
    assert_eq!(rows, self::rows(file, cut.whole()), "what is read depends on how the file is cut");
    assert_covered(file, &rows, cut.longest);
    check_against_another_reader(&rows);
    let fields: Vec<_> = rows.iter().filter_map(|row| row.fields.as_ref().ok()).collect();
    TABLES.iter().for_each(|table| value::check_fields(*table, &fields));
    check_header(file, cut);
}

/// The file's rows; what is kept of it meanwhile is never more than a row may have.
pub(super) fn rows(file: &[u8], cut: Cut) -> Vec<Row> {
    let mut records = CsvRecords::of_rows_up_to(cut.longest);
    let mut rows = Vec::new();
    for (index, piece) in cut.pieces(file).enumerate() {
        records.push(piece);
        if index == 0 {
            records.skip_byte_order_mark();
        }
        while let Some(record) = records.peek() {
            rows.push(row(&record));
            let end = record.end();
            records.advance(&end);
        }
        assert!(records.window.bytes().len() <= cut.longest, "more is kept than one row may have");
    }
    assert!(records.window.bytes().is_empty());
    rows
}

fn row(record: &Record<'_>) -> Row {
    let fields = match &record.damage {
        Some(damage) => Err(damage.reason),
        None => Ok((0..record.len()).map(|index| record.field(index).into_owned()).collect()),
    };
    Row { line: record.line, raw: record.raw.to_vec(), fields }
}

/// Rows that are no damaged ones are the same to the `csv` crate, for which every carriage return ends a row, and a
/// line without anything on it is none.
fn check_against_another_reader(rows: &[Row]) {
    let is_alike = |row: &&Row| row.fields.is_ok() && !row.raw.is_empty() && !row.raw.contains(&b'\r');
    let rows: Vec<&Row> = rows.iter().filter(is_alike).collect();
    // it would take a byte order mark away, so none of them must be the first
    let raws = [b"first".as_slice()].into_iter().chain(rows.iter().map(|row| row.raw.as_slice()));
    let file = raws.collect::<Vec<_>>().join(&b'\n');
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(file.as_slice());
    let read: Vec<_> = reader.byte_records().map(Result::unwrap).collect();
    assert_eq!(read.len(), rows.len(), "{rows:?}");
    for (row, read) in rows.iter().zip(read) {
        assert!(row.fields.as_ref().unwrap().iter().eq(read.iter()), "{row:?} is read as {read:?}");
    }
}

/// A header is one that names every column once, or the file is refused in one short line.
fn check_header(file: &[u8], cut: Cut) {
    let mut records = CsvRecords::of_rows_up_to(cut.longest);
    records.push(file);
    records.skip_byte_order_mark();
    records.push(b"");
    let Some(record) = records.peek() else { return };
    let names = row(&record).fields;
    for table in TABLES {
        match Header::parse("orders.csv", table, &record) {
            Ok(header) => {
                let names = names.as_ref().unwrap();
                assert_eq!(names.len(), table.columns().len());
                for (column, &field) in table.columns().iter().zip(header.fields()) {
                    assert_eq!(names[field], column.name.as_bytes());
                }
            }
            Err(message) => value::assert_readable(&message),
        }
    }
}
