//! A file's rows, good and bad, on their way into its staging table.

use std::borrow::Cow;

use daybook_model::contract::Table;

use super::csv::{CsvRecords, Record};
use super::discover::{BatchFile, Format};
use super::header::Header;
use super::json::{EventLines, encode_event};
use super::reject::{Reason, Reject};
use super::value::encode_bytes;
use crate::copy::CopyEncoder;

/// The staging table's columns before those of the contract.
pub(crate) const BOOKKEEPING: [&str; 6] = ["line", "raw", "outcome", "reason", "column_name", "message"];

/// Makes encoded rows of a file's bytes.
pub(crate) struct Rows {
    file: String,
    table: Table,
    splitter: Splitter,
    is_first_piece: bool,
    read: u64,
}

enum Splitter {
    Csv { records: CsvRecords, header: Option<Header> },
    Events(EventLines),
}

impl Rows {
    pub(crate) fn of(file: &BatchFile) -> Self {
        let splitter = match file.format {
            Format::Csv => Splitter::Csv { records: CsvRecords::new(), header: None },
            Format::Events => Splitter::Events(EventLines::new()),
        };
        Self { file: file.name.clone(), table: file.table, splitter, is_first_piece: true, read: 0 }
    }

    /// How many data rows there were so far.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// Encodes the rows that end within the file's next bytes; an empty piece is the file's end.
    ///
    /// The error says why the file as a whole is refused.
    pub(crate) fn encode(&mut self, piece: &[u8], encoder: &mut CopyEncoder) -> Result<(), String> {
        let is_first = std::mem::take(&mut self.is_first_piece);
        match &mut self.splitter {
            Splitter::Csv { records, header } => {
                records.push(piece);
                if is_first {
                    records.skip_byte_order_mark();
                }
                if header.is_none() {
                    *header = read_header(&self.file, self.table, records)?;
                }
                match header {
                    Some(header) => {
                        self.read += encode_records(records, header.fields(), self.table, encoder);
                    }
                    None if piece.is_empty() => return Err(Header::absent(&self.file, self.table)),
                    None => {}
                }
            }
            Splitter::Events(lines) => {
                lines.push(piece);
                if is_first {
                    lines.skip_byte_order_mark();
                }
                self.read += encode_lines(lines, self.table, encoder);
            }
        }
        Ok(())
    }
}

/// The header, once all of it is there.
fn read_header(file: &str, table: Table, records: &mut CsvRecords) -> Result<Option<Header>, String> {
    let Some(record) = records.peek() else {
        return Ok(None);
    };
    let header = Header::parse(file, table, &record)?;
    let end = record.end();
    records.advance(&end);
    Ok(Some(header))
}

fn encode_records(
    records: &mut CsvRecords,
    fields: &[usize],
    table: Table,
    encoder: &mut CopyEncoder,
) -> u64 {
    let mut read = 0;
    while let Some(record) = records.peek() {
        if record.damage.is_some() || !record.is_blank() {
            read += 1;
            encode_row(encoder, table, record.line, record.raw, |encoder| {
                encode_record(encoder, table, fields, &record)
            });
        }
        let end = record.end();
        records.advance(&end);
    }
    read
}

fn encode_record(
    encoder: &mut CopyEncoder,
    table: Table,
    fields: &[usize],
    record: &Record<'_>,
) -> Result<(), Reject> {
    if let Some(damage) = &record.damage {
        return Err(damage.clone());
    }
    if record.len() != fields.len() {
        return Err(Reject::row(
            Reason::WrongFieldCount,
            format!("the row has {} fields, not {}", record.len(), fields.len()),
        ));
    }
    for (column, &field) in table.columns().iter().zip(fields) {
        encode_bytes(encoder, column, &record.field(field))?;
    }
    Ok(())
}

fn encode_lines(lines: &mut EventLines, table: Table, encoder: &mut CopyEncoder) -> u64 {
    let mut read = 0;
    while let Some(event) = lines.peek() {
        if !event.raw.is_empty() {
            read += 1;
            encode_row(encoder, table, event.line, event.raw, |encoder| {
                if event.consumed.is_none() {
                    return Err(Reject::row_too_long());
                }
                encode_event(encoder, table, event.raw)
            });
        }
        let consumed = event.consumed;
        lines.advance(consumed);
    }
    read
}

/// Writes a row of the staging table: its values, or why it has none.
fn encode_row(
    encoder: &mut CopyEncoder,
    table: Table,
    line: u64,
    raw: &[u8],
    values: impl FnOnce(&mut CopyEncoder) -> Result<(), Reject>,
) {
    let columns = table.columns().len();
    // A contract table has at most seven columns.
    encoder.row((BOOKKEEPING.len() + columns) as i16);
    encoder.bigint(i64::try_from(line).unwrap_or(i64::MAX));
    encoder.text(&storable(raw));
    let mark = encoder.mark();
    for _ in 2..BOOKKEEPING.len() {
        encoder.null();
    }
    if let Err(reject) = values(encoder) {
        encoder.rewind(mark);
        encoder.text("rejected");
        encoder.text(reject.reason.code());
        encoder.optional_text(reject.column);
        encoder.text(&reject.message.replace('\0', "\u{fffd}"));
        for _ in 0..columns {
            encoder.null();
        }
    }
}

/// The raw text, with a mark in place of what PostgreSQL's text cannot hold.
fn storable(raw: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(raw);
    match memchr::memchr(0, raw) {
        None => text,
        Some(_) => Cow::Owned(text.replace('\0', "\u{fffd}")),
    }
}
