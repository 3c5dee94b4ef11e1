//! Events: one JSON object a line.

use daybook_model::contract::{Column, ColumnType, Table};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::keys::Keys;
use super::reject::{Reason, Reject};
use super::value::{ContractValue, missing, not_an_integer, parse_text};
use super::window::{Line, MAX_ROW, Window, without_return};
use crate::copy::CopyEncoder;

/// Splits a file of events into lines.
pub(crate) struct EventLines {
    pub(super) window: Window,
}

/// A line as it stands in the file.
pub(crate) struct EventLine<'a> {
    pub(crate) line: u64,
    pub(crate) raw: &'a [u8],
    /// What to consume; none for a line that is too long.
    pub(crate) consumed: Option<usize>,
}

impl EventLines {
    pub(crate) fn new() -> Self {
        Self::of_lines_up_to(MAX_ROW)
    }

    pub(super) fn of_lines_up_to(longest: usize) -> Self {
        Self { window: Window::new(longest) }
    }

    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.window.push(piece);
    }

    /// Drops a byte order mark at the file's beginning, which is there whole.
    pub(crate) fn skip_byte_order_mark(&mut self) {
        if self.window.bytes().starts_with(b"\xef\xbb\xbf") {
            self.window.consume(3);
        }
    }

    /// The line at the front; none when more bytes are needed, or at the end.
    pub(crate) fn peek(&mut self) -> Option<EventLine<'_>> {
        let (length, consumed) = match self.window.first_line() {
            Line::Complete { length, consumed } => (length, Some(consumed)),
            Line::TooLong => (without_return(self.window.bytes(), self.window.longest()), None),
            Line::Incomplete | Line::End => return None,
        };
        let line = self.window.line_number();
        Some(EventLine { line, raw: &self.window.bytes()[..length], consumed })
    }

    pub(crate) fn advance(&mut self, consumed: Option<usize>) {
        match consumed {
            Some(consumed) => self.window.consume(consumed),
            None => self.window.skip_line(),
        }
    }
}

/// Encodes an event's values in the order of the contract's columns; fields that it does not know are ignored.
pub(crate) fn encode_event(
    encoder: &mut CopyEncoder,
    table: Table,
    raw: &[u8],
    keys: &mut Keys,
) -> Result<(), Reject> {
    let event = parse_object(raw)?;
    for column in table.columns() {
        parse_field(&event, column)?.encode(encoder);
    }
    let id = |name| event.get(name).and_then(Value::as_str).unwrap_or_default().as_bytes();
    keys.note(table, id("id"), table.parent().map(|(parent, column)| (parent, id(column))));
    Ok(())
}

/// Reads an event, whose fields are yet to be judged.
pub(crate) fn parse_object(raw: &[u8]) -> Result<Map<String, Value>, Reject> {
    serde_json::from_str(parse_utf8(raw)?).map_err(not_an_object)
}

fn not_an_object(error: serde_json::Error) -> Reject {
    let problem = match error.classify() {
        // it would be shown, however long
        Category::Data => "it is another JSON value".to_owned(),
        _ => error.to_string(),
    };
    Reject::row(Reason::NotJson, format!("the event is not a JSON object: {problem}"))
}

pub(crate) fn parse_utf8(raw: &[u8]) -> Result<&str, Reject> {
    std::str::from_utf8(raw).map_err(|_| Reject::row(Reason::NotUtf8, "the event is not UTF-8"))
}

/// Reads one of an event's values.
pub(crate) fn parse_field<'a>(
    event: &'a Map<String, Value>,
    column: &Column,
) -> Result<ContractValue<'a>, Reject> {
    match (column.column_type, event.get(column.name).unwrap_or(&Value::Null)) {
        (_, Value::Null) => Err(missing(column)),
        (_, Value::String(text)) if text.is_empty() => Err(missing(column)),
        (ColumnType::Integer, value) => {
            let integer = value.as_i64().and_then(|integer| i32::try_from(integer).ok());
            integer.map(ContractValue::Integer).ok_or_else(|| not_an_integer(column, &value.to_string()))
        }
        (_, Value::String(text)) => parse_text(column, text),
        (_, _) => {
            Err(Reject::value(column.name, Reason::NotText, format!("{} is not a JSON string", column.name)))
        }
    }
}
