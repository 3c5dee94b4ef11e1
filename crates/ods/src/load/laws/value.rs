//! The laws of values: what is stored is what was written, and what is not stored breaks the contract.

use std::hash::RandomState;

use daybook_model::contract::{Column, ColumnType, MAX_ID_BYTES, Table};
use serde_json::{Map, Value};

use super::timestamp::by_chrono;
use crate::copy::{CopyDecoder, CopyEncoder, Field};
use crate::load::json::encode_event;
use crate::load::keys::Keys;
use crate::load::reject::Reject;
use crate::load::value::parse_bytes;

/// A value in the database.
#[derive(Debug, PartialEq, Eq)]
enum Stored {
    Text(String),
    Integer(i32),
    Timestamp(i64),
}

/// A CSV file's fields, row by row, taken for each of a table's columns.
pub(super) fn check_fields(table: Table, rows: &[&Vec<Vec<u8>>]) {
    let mut encoder = CopyEncoder::new();
    let start = encoder.mark();
    for (column, field) in rows.iter().flat_map(|fields| table.columns().iter().zip(fields.iter())) {
        let expected = std::str::from_utf8(field).ok().and_then(|text| written(column, text));
        encoder.rewind(start);
        encoder.row(1);
        let encoded = parse_bytes(column, field).map(|value| value.encode(&mut encoder));
        check(&[column], encoded, &encoder, expected.map(|value| vec![value]));
    }
}

/// A line of a file of events.
pub(super) fn check_event(table: Table, line: &[u8]) {
    let event: Option<Map<String, Value>> = serde_json::from_slice(line).ok();
    let column = |column: &Column| {
        let value = event.as_ref()?.get(column.name)?;
        match column.column_type {
            ColumnType::Integer => value.as_i64()?.try_into().ok().map(Stored::Integer),
            _ => written(column, value.as_str()?),
        }
    };
    let columns: Vec<&Column> = table.columns().iter().collect();
    let expected = columns.iter().map(|known| column(known)).collect();
    let mut encoder = CopyEncoder::new();
    encoder.row(columns.len() as i16);
    let mut keys = Keys::of([table], &RandomState::new());
    let encoded = encode_event(&mut encoder, table, line, &mut keys);
    check(&columns, encoded, &encoder, expected);
}

/// What a text means in a column, by the contract.
fn written(column: &Column, text: &str) -> Option<Stored> {
    let fits = !text.is_empty() && !text.contains('\0');
    match column.column_type {
        ColumnType::Id => (fits && text.len() <= MAX_ID_BYTES).then(|| Stored::Text(text.to_owned())),
        ColumnType::Text(most) => {
            (fits && text.chars().count() <= most).then(|| Stored::Text(text.to_owned()))
        }
        ColumnType::Timestamp => by_chrono(text).map(Stored::Timestamp),
        ColumnType::Integer => {
            let negative = text.starts_with('-');
            let digits = &text[usize::from(negative)..];
            let is_number = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
            let value: i64 = format!("0{}", digits.trim_start_matches('0')).parse().ok()?;
            let value = i32::try_from(if negative { -value } else { value }).ok()?;
            is_number.then_some(Stored::Integer(value))
        }
    }
}

fn check(
    columns: &[&Column],
    encoded: Result<(), Reject>,
    encoder: &CopyEncoder,
    expected: Option<Vec<Stored>>,
) {
    match encoded {
        Ok(()) => assert_eq!(Some(decoded(columns, encoder)), expected),
        Err(reject) => {
            assert_eq!(expected, None, "{reject:?}");
            assert_readable(&reject.message);
        }
    }
}

/// The values of the only row.
fn decoded(columns: &[&Column], encoder: &CopyEncoder) -> Vec<Stored> {
    let mut decoder = CopyDecoder::default();
    decoder.push(encoder.bytes().to_vec().into());
    let tuple = decoder.next_tuple().unwrap().expect("a row");
    let value = |(column, field): (&&Column, Field<'_>)| match column.column_type {
        ColumnType::Integer => Stored::Integer(field.integer().unwrap()),
        ColumnType::Timestamp => Stored::Timestamp(field.timestamp().unwrap()),
        ColumnType::Id | ColumnType::Text(_) => {
            Stored::Text(String::from_utf8(field.bytes().unwrap().to_vec()).unwrap())
        }
    };
    columns.iter().zip(tuple.fields()).map(value).collect()
}

/// What people are told fits on a line, whatever the file holds.
pub(super) fn assert_readable(message: &str) {
    assert!(message.chars().count() <= 400, "{message}");
    assert!(!message.chars().any(char::is_control), "{message:?}");
}
