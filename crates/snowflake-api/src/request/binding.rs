//! Values that statements are given apart from their text.

use chrono::{NaiveDate, NaiveDateTime};
use serde::Serialize;

/// A value for a `?` of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Binding {
    /// `NULL`.
    Null,
    /// A text.
    Text(String),
    /// A whole number.
    Fixed(i64),
    /// A floating-point number.
    Real(f64),
    /// A truth value.
    Boolean(bool),
    /// A date.
    Date(NaiveDate),
    /// A time of day and date without a time zone.
    TimestampNtz(NaiveDateTime),
}

/// As the API wants it: every value is a text.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Encoded {
    r#type: &'static str,
    value: Option<String>,
}

impl Binding {
    /// Dates are milliseconds since 1970, timestamps nanoseconds: other units than those of results.
    pub(super) fn encode(&self) -> Encoded {
        let (r#type, value) = match self {
            Self::Null => return Encoded { r#type: "TEXT", value: None },
            Self::Text(text) => ("TEXT", text.clone()),
            Self::Fixed(number) => ("FIXED", number.to_string()),
            Self::Real(number) => ("REAL", number.to_string()),
            Self::Boolean(truth) => ("BOOLEAN", truth.to_string()),
            Self::Date(date) => {
                let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
                ("DATE", midnight.timestamp_millis().to_string())
            }
            Self::TimestampNtz(time) => {
                let time = time.and_utc();
                // 64 bits end in 2262.
                let nanoseconds =
                    i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos());
                ("TIMESTAMP_NTZ", nanoseconds.to_string())
            }
        };
        Encoded { r#type, value: Some(value) }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$type> for Binding {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })+
    };
}

from! {
    &str => Text,
    String => Text,
    i64 => Fixed,
    i32 => Fixed,
    f64 => Real,
    bool => Boolean,
    NaiveDate => Date,
    NaiveDateTime => TimestampNtz,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_sent_in_the_unit_of_its_type() {
        let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let cases = [
            (Binding::Null, "TEXT", None),
            ("it's".into(), "TEXT", Some("it's")),
            (i64::MIN.into(), "FIXED", Some("-9223372036854775808")),
            (0.1.into(), "REAL", Some("0.1")),
            (f64::MAX.into(), "REAL", None),
            (true.into(), "BOOLEAN", Some("true")),
            (date(2020, 11, 14).into(), "DATE", Some("1605312000000")),
            (date(1969, 12, 31).into(), "DATE", Some("-86400000")),
            (
                date(2021, 3, 19).and_hms_nano_opt(17, 6, 59, 1).unwrap().into(),
                "TIMESTAMP_NTZ",
                Some("1616173619000000001"),
            ),
            (
                date(9999, 12, 31).and_hms_opt(23, 59, 59).unwrap().into(),
                "TIMESTAMP_NTZ",
                Some("253402300799000000000"),
            ),
            (
                date(1969, 12, 31).and_hms_milli_opt(23, 59, 59, 500).unwrap().into(),
                "TIMESTAMP_NTZ",
                Some("-500000000"),
            ),
        ];
        for (binding, r#type, value) in cases {
            let encoded = binding.encode();
            assert_eq!(encoded.r#type, r#type);
            if binding == Binding::Real(f64::MAX) {
                assert_eq!(encoded.value.unwrap().parse(), Ok(f64::MAX));
            } else {
                assert_eq!(encoded.value.as_deref(), value);
            }
        }
    }
}
