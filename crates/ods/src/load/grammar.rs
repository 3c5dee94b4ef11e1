//! The contract's values as SQL: the same that [`super::value`] accepts, and the same values of them.
//!
//! PostgreSQL's own casts accept more (`now`, `infinity`, ` 12 `, the second 60), so a text is checked before it is
//! cast. What is left to a cast to refuse, it refuses as an error: an integer of more than 32 bits, a day that is not
//! in the calendar.

use daybook_model::contract::{Column, ColumnType, MAX_ID_BYTES, Table};

const INTEGER: &str = "^-?[0-9]+$";

/// [`super::timestamp::parse_timestamp`], but for the calendar.
const TIMESTAMP: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?\
                         (Z|[-+](0[0-9]|1[0-5])(:?[0-5][0-9])?)?$";

/// What four digits of a year can say, in UTC.
const YEARS: &str = "timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'";

/// What is true of the array `fields` of a row that keeps the contract, and the values of the row in the contract's
/// order. `positions` says which field holds which column, counted from 0.
pub(crate) fn of(table: Table, positions: &[usize]) -> (String, String) {
    let mut checks = vec![format!("cardinality(fields) = {}", positions.len())];
    let mut values = Vec::with_capacity(positions.len());
    for (column, position) in table.columns().iter().zip(positions) {
        let field = format!("fields[{}]", position + 1);
        checks.push(check(column, &field));
        values.push(value(column, &field));
    }
    (checks.join("\n    and "), values.join(", "))
}

fn check(column: &Column, field: &str) -> String {
    match column.column_type {
        ColumnType::Id => format!("octet_length({field}) between 1 and {MAX_ID_BYTES}"),
        ColumnType::Text(characters) => format!("char_length({field}) between 1 and {characters}"),
        ColumnType::Integer => format!("{field} ~ '{INTEGER}'"),
        // the cast comes only after the text was looked at
        ColumnType::Timestamp => format!(
            "case when {field} ~ '{TIMESTAMP}' then {} between {YEARS} else false end",
            timestamp(field)
        ),
    }
}

fn value(column: &Column, field: &str) -> String {
    match column.column_type {
        ColumnType::Id | ColumnType::Text(_) => field.to_owned(),
        ColumnType::Integer => format!("{field}::int"),
        ColumnType::Timestamp => timestamp(field),
    }
}

/// Without an offset it is UTC, whatever the session's time zone.
fn timestamp(field: &str) -> String {
    format!(
        "(case when substr({field}, 20) ~ '[-+]' then {field} else rtrim({field}, 'Z') || '+00' end)\
         ::timestamptz at time zone 'UTC'"
    )
}
