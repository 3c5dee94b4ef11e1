//! Numbers, times and patterns.

use sqlparser::ast::{
    BinaryOperator, DataType, DateTimeField, ExactNumberInfo, Expr, ExtractSyntax, Spanned, TimezoneInfo,
    TypedString, Value,
};
use sqlparser::parser::ParserError;

use super::functions;
use crate::compile::{cast, mistake};

/// How many digits of a second columns hold.
const MICROSECOND: u64 = 6;
const MICROSECONDS_OF_SECOND: &str = "1000000";

pub(super) fn rewrite(expr: &mut Expr) -> Result<(), ParserError> {
    match expr {
        Expr::Value(value) => {
            if matches!(&value.value, Value::Number(number, _) if number.contains(['.', 'e', 'E'])) {
                *expr = cast(expr.clone(), double());
            }
        }
        Expr::Cast { data_type, .. } => {
            if let Some(timestamp) = timestamp_of(data_type) {
                *data_type = timestamp;
            }
        }
        Expr::TypedString(TypedString { data_type, value, .. }) => {
            if let Some(timestamp) = timestamp_of(data_type) {
                *expr = cast(Expr::Value(value.clone()), timestamp);
            }
        }
        Expr::Extract { field: DateTimeField::Epoch, expr: time, .. } => *expr = epoch(time),
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right }
            if !is_double(left) && !is_double(right) =>
        {
            let problem = "a division of integers gives decimals in Snowflake: write cast(… as double) in one of its sides";
            return Err(mistake(left.span(), problem));
        }
        Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } => {
            // Snowflake has no escape unless it is said; by now the pattern's backslashes are doubled
            let is_plain = matches!(pattern.as_ref(), Expr::Value(text) if !text.to_string().contains('\\'));
            if !is_plain && escape_char.is_none() {
                *escape_char = Some(Value::SingleQuotedString("\\\\".to_owned()).into());
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether `expr` shows by itself that it is a floating-point number.
fn is_double(expr: &Expr) -> bool {
    match expr {
        Expr::Cast { data_type, .. } => matches!(data_type, DataType::Double(_) | DataType::DoublePrecision),
        Expr::Nested(expr) | Expr::UnaryOp { expr, .. } => is_double(expr),
        Expr::BinaryOp { left, right, .. } => is_double(left) || is_double(right),
        Expr::Function(function) => functions::is_double(function),
        _ => false,
    }
}

/// The seconds since 1970 with their fraction.
fn epoch(time: &Expr) -> Expr {
    // of a date Snowflake does not give microseconds
    let microseconds = Expr::Extract {
        field: DateTimeField::Custom("epoch_microsecond".into()),
        syntax: ExtractSyntax::From,
        expr: Box::new(cast(time.clone(), DataType::TimestampNtz(Some(MICROSECOND)))),
    };
    Expr::Nested(Box::new(Expr::BinaryOp {
        left: Box::new(cast(microseconds, double())),
        op: BinaryOperator::Divide,
        right: Box::new(Expr::value(Value::Number(MICROSECONDS_OF_SECOND.to_owned(), false))),
    }))
}

/// The type of the same timestamps, if it is one of timestamps without time zone.
fn timestamp_of(data_type: &DataType) -> Option<DataType> {
    match data_type {
        DataType::Timestamp(digits, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            Some(DataType::TimestampNtz(digits.or(Some(MICROSECOND))))
        }
        _ => None,
    }
}

pub(super) fn double() -> DataType {
    DataType::Double(ExactNumberInfo::None)
}
