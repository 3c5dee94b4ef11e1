//! Intervals: Snowflake takes `interval '2 days'`, but not `interval '2' day` or parts of a number.

use sqlparser::ast::{Expr, Interval, Spanned, Value};
use sqlparser::parser::ParserError;

use crate::compile::mistake;

const UNITS: [&str; 7] = ["year", "month", "week", "day", "hour", "minute", "second"];

pub(super) fn rewrite(interval: &mut Interval) -> Result<(), ParserError> {
    let Some(text) = text(interval) else {
        let problem = "Snowflake has no such interval: write `interval '2 days'`, a whole number and one unit, of \
                       years, months, weeks, days, hours, minutes or seconds";
        return Err(mistake(interval.value.span(), problem));
    };
    *interval.value = Expr::value(Value::SingleQuotedString(text));
    interval.leading_field = None;
    Ok(())
}

/// The interval as a whole number and a unit.
fn text(interval: &Interval) -> Option<String> {
    let Expr::Value(value) = interval.value.as_ref() else { return None };
    let Value::SingleQuotedString(text) = &value.value else { return None };
    let text = match &interval.leading_field {
        Some(unit) if interval.last_field.is_none() => format!("{text} {unit}"),
        Some(_) => return None,
        None => text.clone(),
    };
    let (number, unit) = text.trim().split_once(' ')?;
    let unit = unit.trim().to_ascii_lowercase();
    let is_known = UNITS.contains(&unit.strip_suffix('s').unwrap_or(&unit));
    (is_known && number.parse::<u32>().is_ok()).then(|| format!("{number} {unit}"))
}
