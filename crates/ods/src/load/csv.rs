//! RFC 4180, row by row: keeps each row's raw text and line, and finds its way back after a damaged one.

use std::borrow::Cow;
use std::ops::Range;

use super::reject::Reject;
use super::window::{Line, MAX_ROW, Window, without_return};

/// Splits a CSV file into records.
pub(crate) struct CsvRecords {
    pub(super) window: Window,
    fields: Vec<Field>,
}

struct Field {
    /// Where the value lies in the record, without its quotes.
    range: Range<usize>,
    /// Whether doubled quotes stand for single ones.
    escaped: bool,
}

/// A record as it stands in the file.
pub(crate) struct Record<'a> {
    /// The line on which it begins, from 1.
    pub(crate) line: u64,
    /// Its text without the line's end.
    pub(crate) raw: &'a [u8],
    fields: &'a [Field],
    /// Why it is no record, if it is none.
    pub(crate) damage: Option<Reject>,
    consumed: Consumed,
}

#[derive(Clone, Copy)]
enum Consumed {
    Bytes(usize),
    WholeLine,
}

enum Scan {
    Complete { length: usize, consumed: usize },
    Damaged(Reject),
    Incomplete,
}

impl Record<'_> {
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// A line without anything on it.
    pub(crate) fn is_blank(&self) -> bool {
        self.raw.is_empty()
    }

    /// The value of a field, unquoted.
    pub(crate) fn field(&self, index: usize) -> Cow<'_, [u8]> {
        let field = &self.fields[index];
        let bytes = &self.raw[field.range.clone()];
        if !field.escaped {
            return Cow::Borrowed(bytes);
        }
        let mut value = Vec::with_capacity(bytes.len());
        let mut quoted = false;
        for &byte in bytes {
            quoted = byte == b'"' && !quoted;
            if !quoted {
                value.push(byte);
            }
        }
        Cow::Owned(value)
    }

    /// What to pass to [`CsvRecords::advance`].
    pub(crate) fn end(&self) -> RecordEnd {
        RecordEnd(self.consumed)
    }
}

/// Where a record ends.
pub(crate) struct RecordEnd(Consumed);

impl CsvRecords {
    pub(crate) fn new() -> Self {
        Self::of_rows_up_to(MAX_ROW)
    }

    pub(super) fn of_rows_up_to(longest: usize) -> Self {
        Self { window: Window::new(longest), fields: Vec::new() }
    }

    /// Adds the file's next bytes; an empty piece is its end.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.window.push(piece);
    }

    /// Drops a byte order mark at the file's beginning, which is there whole.
    pub(crate) fn skip_byte_order_mark(&mut self) {
        if self.window.bytes().starts_with(b"\xef\xbb\xbf") {
            self.window.consume(3);
        }
    }

    /// The record at the front; none when more bytes are needed, or at the end.
    pub(crate) fn peek(&mut self) -> Option<Record<'_>> {
        let (length, consumed) = match self.window.first_line() {
            Line::End | Line::Incomplete => return None,
            Line::TooLong => return Some(self.damaged(Reject::row_too_long())),
            Line::Complete { length, consumed } => (length, consumed),
        };
        if memchr::memchr(b'"', &self.window.bytes()[..length]).is_none() {
            split_plain(&self.window.bytes()[..length], &mut self.fields);
            return Some(self.whole(length, consumed));
        }
        // The quote that was opened may be a stray one: the rest of the file is not searched for its end.
        let longest = self.window.longest();
        let (searched, goes_on) = match self.window.bytes() {
            bytes if bytes.len() > longest => (&bytes[..=longest], true),
            bytes => (bytes, false),
        };
        let ended = self.window.ended() && !goes_on;
        match scan_quoted(searched, ended, &mut self.fields) {
            Scan::Complete { length, consumed } => Some(self.whole(length, consumed)),
            Scan::Damaged(reject) => Some(self.damaged(reject)),
            Scan::Incomplete if ended || goes_on => Some(self.damaged(Reject::unterminated_quote())),
            Scan::Incomplete => None,
        }
    }

    /// Goes on behind a record.
    pub(crate) fn advance(&mut self, end: &RecordEnd) {
        match end.0 {
            Consumed::Bytes(consumed) => self.window.consume(consumed),
            Consumed::WholeLine => self.window.skip_line(),
        }
    }

    fn whole(&self, length: usize, consumed: usize) -> Record<'_> {
        Record {
            line: self.window.line_number(),
            raw: &self.window.bytes()[..length],
            fields: &self.fields,
            damage: None,
            consumed: Consumed::Bytes(consumed),
        }
    }

    /// Only the first line is given up: the next may be good.
    fn damaged(&self, reject: Reject) -> Record<'_> {
        let bytes = self.window.bytes();
        let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len()).min(self.window.longest());
        Record {
            line: self.window.line_number(),
            raw: &bytes[..without_return(bytes, end)],
            fields: &[],
            damage: Some(reject),
            consumed: Consumed::WholeLine,
        }
    }
}

fn split_plain(line: &[u8], fields: &mut Vec<Field>) {
    fields.clear();
    let mut start = 0;
    for comma in memchr::memchr_iter(b',', line) {
        fields.push(Field { range: start..comma, escaped: false });
        start = comma + 1;
    }
    fields.push(Field { range: start..line.len(), escaped: false });
}

/// What ends a field.
enum FieldEnd {
    Comma(usize),
    /// The record's length and what to consume.
    Record(usize, usize),
}

fn scan_quoted(bytes: &[u8], ended: bool, fields: &mut Vec<Field>) -> Scan {
    fields.clear();
    let mut position = 0;
    loop {
        let end = if bytes.get(position) == Some(&b'"') {
            match quoted_field(bytes, position + 1, ended, fields) {
                Ok(end) => end,
                Err(scan) => return scan,
            }
        } else {
            match plain_field(bytes, position, ended, fields) {
                Some(end) => end,
                None => return Scan::Incomplete,
            }
        };
        match end {
            FieldEnd::Comma(comma) => position = comma + 1,
            FieldEnd::Record(length, consumed) => return Scan::Complete { length, consumed },
        }
    }
}

/// A quote inside an unquoted field stands for itself.
fn plain_field(bytes: &[u8], start: usize, ended: bool, fields: &mut Vec<Field>) -> Option<FieldEnd> {
    let (end, at) = match memchr::memchr2(b',', b'\n', &bytes[start..]) {
        Some(offset) if bytes[start + offset] == b',' => (start + offset, FieldEnd::Comma(start + offset)),
        Some(offset) => {
            let newline = start + offset;
            let length = start + without_return(&bytes[start..], offset);
            (length, FieldEnd::Record(length, newline + 1))
        }
        None if ended => {
            let length = start + without_return(&bytes[start..], bytes.len() - start);
            (length, FieldEnd::Record(length, bytes.len()))
        }
        None => return None,
    };
    fields.push(Field { range: start..end, escaped: false });
    Some(at)
}

fn quoted_field(bytes: &[u8], start: usize, ended: bool, fields: &mut Vec<Field>) -> Result<FieldEnd, Scan> {
    let mut escaped = false;
    let mut position = start;
    let close = loop {
        let quote = memchr::memchr(b'"', &bytes[position..]).ok_or(Scan::Incomplete)? + position;
        if bytes.get(quote + 1) != Some(&b'"') {
            break quote;
        }
        escaped = true;
        position = quote + 2;
    };
    fields.push(Field { range: start..close, escaped });
    let after = &bytes[close + 1..];
    match after {
        [b',', ..] => Ok(FieldEnd::Comma(close + 1)),
        [b'\n', ..] => Ok(FieldEnd::Record(close + 1, close + 2)),
        [b'\r', b'\n', ..] => Ok(FieldEnd::Record(close + 1, close + 3)),
        [] | [b'\r'] if ended => Ok(FieldEnd::Record(close + 1, bytes.len())),
        [] | [b'\r'] => Err(Scan::Incomplete),
        _ => Err(Scan::Damaged(Reject::text_after_quote())),
    }
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
