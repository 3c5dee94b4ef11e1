//! The columns of a result.

use std::sync::Arc;

use arrow_schema::{DECIMAL128_MAX_PRECISION, DataType, Field, TimeUnit};

use super::executed::RowType;

/// Every number of so many digits fits into 64 bits.
const DIGITS_OF_64_BITS: u8 = 18;
const NANOSECONDS: DataType = DataType::Time64(TimeUnit::Nanosecond);

/// A column: its name, and what its cells are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Decimal {
        precision: u8,
        scale: i8,
    },
    Real,
    /// Also JSON, and whatever else Snowflake writes as text.
    Text,
    Boolean,
    Date,
    Time,
    Timestamp,
    /// An instant: the session's time zone only shows it.
    TimestampLtz,
    /// An instant, written with an offset from UTC.
    TimestampTz,
    Binary,
}

impl From<RowType> for Column {
    fn from(row_type: RowType) -> Self {
        let kind = match row_type.r#type.to_ascii_lowercase().as_str() {
            "fixed" => fixed(row_type.precision, row_type.scale),
            "real" => Kind::Real,
            "boolean" => Kind::Boolean,
            "date" => Kind::Date,
            "time" => Kind::Time,
            "timestamp_ntz" => Kind::Timestamp,
            "timestamp_ltz" => Kind::TimestampLtz,
            "timestamp_tz" => Kind::TimestampTz,
            "binary" => Kind::Binary,
            _ => Kind::Text,
        };
        Self { name: row_type.name, kind }
    }
}

fn fixed(precision: Option<u8>, scale: Option<i8>) -> Kind {
    let precision = precision.unwrap_or(DECIMAL128_MAX_PRECISION);
    let scale = scale.unwrap_or(0);
    if scale == 0 && precision <= DIGITS_OF_64_BITS {
        return Kind::Integer;
    }
    Kind::Decimal { precision, scale }
}

impl Column {
    pub(super) fn field(&self) -> Field {
        Field::new(&self.name, self.kind.data_type(), true)
    }
}

impl Kind {
    /// Timestamps are in microseconds: nanoseconds in 64 bits end in 2262, and Snowflake's years in 9999.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Integer => DataType::Int64,
            Self::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
            Self::Real => DataType::Float64,
            Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Time => NANOSECONDS,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::TimestampLtz | Self::TimestampTz => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::from("UTC")))
            }
            Self::Binary => DataType::Binary,
        }
    }

    /// What a cell ought to be, for whoever reads of one that isn't.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Integer => "a whole number",
            Self::Decimal { .. } => "a decimal number of the column's precision and scale",
            Self::Real => "a floating-point number",
            Self::Text => "a text",
            Self::Boolean => "`true` or `false`",
            Self::Date => "a number of days since 1970",
            Self::Time => "seconds since midnight",
            Self::Timestamp | Self::TimestampLtz => {
                "seconds since 1970 to the microsecond (cast it to TIMESTAMP_…(6))"
            }
            Self::TimestampTz => {
                "seconds since 1970 to the microsecond, and an offset (cast it to TIMESTAMP_TZ(6))"
            }
            Self::Binary => "hexadecimal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(r#type: &str, precision: Option<u8>, scale: Option<i8>) -> Kind {
        Column::from(RowType { name: "c".to_owned(), r#type: r#type.to_owned(), precision, scale }).kind
    }

    #[test]
    fn a_number_is_64_bits_wide_only_if_it_always_fits() {
        assert_eq!(kind("fixed", Some(18), Some(0)), Kind::Integer);
        assert_eq!(kind("FIXED", Some(19), Some(0)), Kind::Decimal { precision: 19, scale: 0 });
        assert_eq!(kind("fixed", Some(10), Some(2)), Kind::Decimal { precision: 10, scale: 2 });
        assert_eq!(kind("fixed", None, None), Kind::Decimal { precision: 38, scale: 0 });
    }

    #[test]
    fn what_has_no_type_of_its_own_is_text() {
        for r#type in ["text", "variant", "object", "array", "decfloat", "geography", "something new"] {
            assert_eq!(kind(r#type, None, None), Kind::Text);
        }
    }
}
