//! A file's rows, good and bad, on their way into its staging table.

use std::borrow::Cow;

use daybook_model::contract::Table;

use super::content::ContentHasher;
use super::csv::{CsvRecords, Record};
use super::discover::{BatchFile, Format};
use super::header::Header;
use super::json::{EventLines, encode_event};
use super::keys::Keys;
use super::reject::{Reason, Reject};
use super::value::parse_bytes;
use crate::copy::CopyEncoder;

/// The staging table's columns before those of the contract.
pub(crate) const BOOKKEEPING: [&str; 6] = ["line", "raw", "outcome", "reason", "column_name", "message"];

/// Makes encoded rows of a file's bytes.
pub(crate) struct Rows<'a> {
    file: String,
    splitter: Splitter,
    is_first_piece: bool,
    header_text: Option<String>,
    sink: Sink<'a>,
}

enum Splitter {
    Csv { records: CsvRecords, header: Option<Header> },
    Events(EventLines),
}

/// What is learned of the rows on their way.
struct Sink<'a> {
    table: Table,
    keys: &'a mut Keys,
    content: ContentHasher,
    counts: RowCounts,
}

/// How many data rows there were so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RowCounts {
    pub(crate) read: u64,
    /// Those of them that break the contract.
    pub(crate) rejected: u64,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(file: &BatchFile, keys: &'a mut Keys) -> Self {
        let splitter = match file.format {
            Format::Csv => Splitter::Csv { records: CsvRecords::new(), header: None },
            Format::Events => Splitter::Events(EventLines::new()),
        };
        let sink =
            Sink { table: file.table, keys, content: ContentHasher::default(), counts: RowCounts::default() };
        Self { file: file.name.clone(), splitter, is_first_piece: true, header_text: None, sink }
    }

    pub(crate) fn counts(&self) -> RowCounts {
        self.sink.counts
    }

    /// The hash of the whole file's rows, and its header if it has one.
    pub(crate) fn finish(self) -> (String, Option<String>) {
        (self.sink.content.finish(), self.header_text)
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
                    *header = read_header(&self.file, records, &mut self.sink, &mut self.header_text)?;
                }
                match header {
                    Some(header) => encode_records(records, header.fields(), &mut self.sink, encoder),
                    None if piece.is_empty() => return Err(Header::absent(&self.file, self.sink.table)),
                    None => {}
                }
            }
            Splitter::Events(lines) => {
                lines.push(piece);
                if is_first {
                    lines.skip_byte_order_mark();
                }
                encode_lines(lines, &mut self.sink, encoder);
            }
        }
        Ok(())
    }
}

/// The header, once all of it is there.
fn read_header(
    file: &str,
    records: &mut CsvRecords,
    sink: &mut Sink<'_>,
    text: &mut Option<String>,
) -> Result<Option<Header>, String> {
    let Some(record) = records.peek() else {
        return Ok(None);
    };
    let header = Header::parse(file, sink.table, &record)?;
    sink.content.row(record.raw);
    *text = Some(storable(record.raw).into_owned());
    let end = record.end();
    records.advance(&end);
    Ok(Some(header))
}

fn encode_records(
    records: &mut CsvRecords,
    fields: &[usize],
    sink: &mut Sink<'_>,
    encoder: &mut CopyEncoder,
) {
    let parent = sink.table.parent().and_then(|(table, name)| {
        let column = sink.table.columns().iter().position(|column| column.name == name)?;
        Some((table, fields[column]))
    });
    while let Some(record) = records.peek() {
        if record.damage.is_some() || !record.is_blank() {
            sink.row(encoder, record.line, record.raw, |encoder, table, keys| {
                encode_record(encoder, table, fields, &record)?;
                let parent = parent.map(|(table, field)| (table, record.field(field)));
                let parent = parent.as_ref().map(|(table, id)| (*table, id.as_ref()));
                keys.note(table, &record.field(fields[0]), parent);
                Ok(())
            });
        }
        let end = record.end();
        records.advance(&end);
    }
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
        parse_bytes(column, &record.field(field))?.encode(encoder);
    }
    Ok(())
}

fn encode_lines(lines: &mut EventLines, sink: &mut Sink<'_>, encoder: &mut CopyEncoder) {
    while let Some(event) = lines.peek() {
        if !event.raw.is_empty() {
            sink.row(encoder, event.line, event.raw, |encoder, table, keys| {
                if event.consumed.is_none() {
                    return Err(Reject::row_too_long());
                }
                encode_event(encoder, table, event.raw, keys)
            });
        }
        let consumed = event.consumed;
        lines.advance(consumed);
    }
}

impl Sink<'_> {
    /// Writes a row of the staging table: its values, or why it has none.
    fn row(
        &mut self,
        encoder: &mut CopyEncoder,
        line: u64,
        raw: &[u8],
        values: impl FnOnce(&mut CopyEncoder, Table, &mut Keys) -> Result<(), Reject>,
    ) {
        self.counts.read += 1;
        self.content.row(raw);
        let columns = self.table.columns().len();
        // A contract table has at most seven columns.
        encoder.row((BOOKKEEPING.len() + columns) as i16);
        encoder.bigint(i64::try_from(line).unwrap_or(i64::MAX));
        encoder.text(&storable(raw));
        let mark = encoder.mark();
        for _ in 2..BOOKKEEPING.len() {
            encoder.null();
        }
        if let Err(reject) = values(encoder, self.table, self.keys) {
            self.counts.rejected += 1;
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
}

/// The raw text, with a mark in place of what PostgreSQL's text cannot hold.
fn storable(raw: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(raw);
    match memchr::memchr(0, raw) {
        None => text,
        Some(_) => Cow::Owned(text.replace('\0', "\u{fffd}")),
    }
}
