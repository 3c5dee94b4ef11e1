//! The contract's values, as files write them.

use daybook_model::contract::{Column, ColumnType, MAX_ID_BYTES};

use super::reject::{Reason, Reject, Shown};
use super::timestamp::parse_timestamp;
use crate::copy::CopyEncoder;

/// A value that keeps the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContractValue<'a> {
    Text(&'a str),
    Integer(i32),
    /// In microseconds since 1970.
    Timestamp(i64),
}

impl ContractValue<'_> {
    pub(crate) fn encode(self, encoder: &mut CopyEncoder) {
        match self {
            Self::Text(text) => encoder.text(text),
            Self::Integer(integer) => encoder.integer(integer),
            Self::Timestamp(unix_micros) => encoder.timestamp(unix_micros),
        }
    }
}

/// Reads a value written as text, as CSV has it.
pub(crate) fn parse_bytes<'a>(column: &Column, bytes: &'a [u8]) -> Result<ContractValue<'a>, Reject> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Reject::value(column.name, Reason::NotUtf8, format!("{} is not UTF-8", column.name)))?;
    match column.column_type {
        ColumnType::Integer => {
            not_empty(column, text)?;
            Ok(ContractValue::Integer(parse_integer(column, text)?))
        }
        _ => parse_text(column, text),
    }
}

/// Reads an id, text or timestamp.
pub(crate) fn parse_text<'a>(column: &Column, text: &'a str) -> Result<ContractValue<'a>, Reject> {
    not_empty(column, text)?;
    match column.column_type {
        ColumnType::Id => Ok(ContractValue::Text(within_bytes(column, text, MAX_ID_BYTES)?)),
        ColumnType::Text(characters) => Ok(ContractValue::Text(within_characters(column, text, characters)?)),
        ColumnType::Timestamp => Ok(ContractValue::Timestamp(timestamp(column, text)?)),
        ColumnType::Integer => Err(not_an_integer(column, text)),
    }
}

fn not_empty(column: &Column, text: &str) -> Result<(), Reject> {
    if text.is_empty() { Err(missing(column)) } else { Ok(()) }
}

pub(crate) fn missing(column: &Column) -> Reject {
    Reject::value(column.name, Reason::MissingValue, format!("{} is missing", column.name))
}

fn parse_integer(column: &Column, text: &str) -> Result<i32, Reject> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_an_integer(column, text));
    }
    text.parse().map_err(|_| not_an_integer(column, text))
}

pub(crate) fn not_an_integer(column: &Column, text: &str) -> Reject {
    Reject::value(
        column.name,
        Reason::NotAnInteger,
        format!(
            "{} {} is not an integer of 32 bits: only digits, with an optional minus",
            column.name,
            Shown(text)
        ),
    )
}

fn timestamp(column: &Column, text: &str) -> Result<i64, Reject> {
    parse_timestamp(text).ok_or_else(|| {
        Reject::value(
            column.name,
            Reason::NotATimestamp,
            format!(
                "{} {} is not a timestamp YYYY-MM-DD HH:MM:SS[.ffffff] with an optional offset",
                column.name,
                Shown(text)
            ),
        )
    })
}

fn within_bytes<'a>(column: &Column, text: &'a str, most: usize) -> Result<&'a str, Reject> {
    if text.len() > most {
        return Err(too_long(column, text, most, "bytes"));
    }
    without_nul(column, text)
}

fn within_characters<'a>(column: &Column, text: &'a str, most: usize) -> Result<&'a str, Reject> {
    // Counting is only needed when the bytes alone do not settle it.
    if text.len() > most && text.chars().count() > most {
        return Err(too_long(column, text, most, "characters"));
    }
    without_nul(column, text)
}

fn too_long(column: &Column, text: &str, most: usize, unit: &str) -> Reject {
    Reject::value(
        column.name,
        Reason::TooLong,
        format!("{} {} is longer than {most} {unit}", column.name, Shown(text)),
    )
}

fn without_nul<'a>(column: &Column, text: &'a str) -> Result<&'a str, Reject> {
    if memchr::memchr(0, text.as_bytes()).is_none() {
        return Ok(text);
    }
    Err(Reject::value(
        column.name,
        Reason::NulCharacter,
        format!("{} holds a NUL character, which PostgreSQL cannot store", column.name),
    ))
}

#[cfg(test)]
#[path = "value_tests.rs"]
mod tests;
