//! Texts to Arrow arrays.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    RecordBatchOptions, StringArray, Time64NanosecondArray, TimestampMicrosecondArray,
};
use arrow_schema::SchemaRef;

use super::column::{Column, Kind};
use super::executed::Row;
use super::parse;
use crate::SnowflakeError;

/// So much of a cell is shown: enough to recognise it.
const SHOWN: usize = 40;

/// Where rows stand, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) query_id: &'a str,
    /// The rows of the result before these.
    pub(super) rows_before: u64,
}

/// The rows as a batch.
pub(super) fn batch(
    schema: &SchemaRef,
    columns: &[Column],
    rows: &[Row],
    place: Place<'_>,
) -> Result<RecordBatch, SnowflakeError> {
    if let Some(row) = rows.iter().find(|row| row.len() != columns.len()) {
        let (cells, columns) = (row.len(), columns.len());
        return Err(SnowflakeError::Unexpected(format!("a row of {cells} cells in {columns} columns")));
    }
    let arrays = columns.iter().enumerate().map(|(index, column)| {
        let cells = Cells { column, index, rows, place };
        cells.array()
    });
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)
        .map_err(|error| SnowflakeError::Unexpected(error.to_string()))
}

/// The cells of one column.
struct Cells<'a> {
    column: &'a Column,
    index: usize,
    rows: &'a [Row],
    place: Place<'a>,
}

impl Cells<'_> {
    fn array(&self) -> Result<ArrayRef, SnowflakeError> {
        Ok(match self.column.kind {
            Kind::Integer => {
                Arc::new(self.parsed::<_, Int64Array>(|text| parse::decimal(text, 0)?.try_into().ok())?)
            }
            Kind::Decimal { precision, scale } => self.decimals(precision, scale)?,
            Kind::Real => Arc::new(self.parsed::<_, Float64Array>(|text| text.parse().ok())?),
            Kind::Text => Arc::new(self.texts().collect::<StringArray>()),
            Kind::Boolean => Arc::new(self.parsed::<_, BooleanArray>(|text| text.parse().ok())?),
            Kind::Date => Arc::new(self.parsed::<_, Date32Array>(|text| text.parse().ok())?),
            Kind::Time => Arc::new(self.parsed::<_, Time64NanosecondArray>(parse::time)?),
            Kind::Timestamp => Arc::new(self.parsed::<_, TimestampMicrosecondArray>(parse::timestamp)?),
            Kind::TimestampLtz => {
                Arc::new(self.parsed::<_, TimestampMicrosecondArray>(parse::timestamp)?.with_timezone("UTC"))
            }
            Kind::TimestampTz => {
                let instants = self.parsed::<_, TimestampMicrosecondArray>(parse::timestamp_with_offset)?;
                Arc::new(instants.with_timezone("UTC"))
            }
            Kind::Binary => Arc::new(BinaryArray::from_iter(self.parsed::<_, Vec<_>>(parse::hexadecimal)?)),
        })
    }

    fn decimals(&self, precision: u8, scale: i8) -> Result<ArrayRef, SnowflakeError> {
        let unusable =
            |reason: String| SnowflakeError::Unexpected(format!("column {}: {reason}", self.column.name));
        let digits = u8::try_from(scale).map_err(|_| unusable(format!("scale {scale}")))?;
        // A precision beyond Arrow's is refused below.
        let limit = 10_i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
        let within = |number: &i128| number.unsigned_abs() < limit.unsigned_abs();
        let numbers: Decimal128Array = self.parsed(|text| parse::decimal(text, digits).filter(within))?;
        let numbers = numbers.with_precision_and_scale(precision, scale);
        Ok(Arc::new(numbers.map_err(|error| unusable(error.to_string()))?))
    }

    fn texts(&self) -> impl Iterator<Item = Option<&str>> {
        self.rows.iter().map(|row| row[self.index].as_deref())
    }

    /// Each cell by `parse`, which gives nothing for what it doesn't understand.
    fn parsed<T, A: FromIterator<Option<T>>>(
        &self,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<A, SnowflakeError> {
        let cells = (1..).zip(self.texts());
        let cells = cells.map(|(row, text): (u64, _)| match text {
            None => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| self.unparsable(row, text)),
        });
        cells.collect()
    }

    fn unparsable(&self, row: u64, text: &str) -> SnowflakeError {
        let shown: String = text.chars().take(SHOWN).collect();
        SnowflakeError::Cell {
            column: self.column.name.clone(),
            row: self.place.rows_before + row,
            reason: format!("`{}` is not {}", shown.escape_debug(), self.column.kind.describe()),
            query_id: self.place.query_id.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{
        Date32Type, Decimal128Type, Float64Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
    };
    use arrow_schema::Schema;

    use super::*;

    const PLACE: Place<'_> = Place { query_id: "01b2", rows_before: 4000 };

    fn column(kind: Kind, cells: &[Option<&str>]) -> Result<ArrayRef, SnowflakeError> {
        let columns = [Column { name: "AMOUNT".to_owned(), kind }];
        let schema = Arc::new(Schema::new(vec![columns[0].field()]));
        let rows: Vec<Row> = cells.iter().map(|cell| vec![cell.map(str::to_owned)]).collect();
        batch(&schema, &columns, &rows, PLACE).map(|batch| Arc::clone(batch.column(0)))
    }

    #[test]
    fn numbers_are_exact_up_to_their_extremes() {
        let cells = [Some("9223372036854775807"), None, Some("-9223372036854775808"), Some("7.00")];
        let array = column(Kind::Integer, &cells).unwrap();
        let values: Vec<_> = array.as_primitive::<Int64Type>().iter().collect();
        assert_eq!(values, [Some(i64::MAX), None, Some(i64::MIN), Some(7)]);

        let (most, least) = ("9".repeat(38), format!("-{}", "9".repeat(38)));
        let array =
            column(Kind::Decimal { precision: 38, scale: 0 }, &[Some(&most), Some(&least), None]).unwrap();
        let values: Vec<_> = array.as_primitive::<Decimal128Type>().iter().collect();
        assert_eq!(values, [Some(10_i128.pow(38) - 1), Some(1 - 10_i128.pow(38)), None]);

        let array =
            column(Kind::Decimal { precision: 5, scale: 2 }, &[Some("-999.99"), Some("1.5")]).unwrap();
        assert_eq!(array.as_primitive::<Decimal128Type>().values().as_ref(), [-99_999, 150]);

        let array =
            column(Kind::Real, &[Some("1.7976931348623157e+308"), Some("-inf"), Some("NaN")]).unwrap();
        let values = array.as_primitive::<Float64Type>().values();
        assert_eq!(values[..2], [f64::MAX, f64::NEG_INFINITY]);
        assert!(values[2].is_nan());
    }

    #[test]
    fn times_are_exact_up_to_their_extremes() {
        let array = column(Kind::Date, &[Some("-719162"), None, Some("2932896")]).unwrap();
        let values: Vec<_> = array.as_primitive::<Date32Type>().iter().collect();
        assert_eq!(values, [Some(-719_162), None, Some(2_932_896)]);

        let cells = [Some("-62135596800.000000000"), None, Some("253402300799.999999000")];
        let array = column(Kind::Timestamp, &cells).unwrap();
        let values: Vec<_> = array.as_primitive::<TimestampMicrosecondType>().iter().collect();
        assert_eq!(values, [Some(-62_135_596_800_000_000), None, Some(253_402_300_799_999_999)]);
        let instants = column(Kind::TimestampLtz, &cells).unwrap();
        assert_eq!(instants.data_type(), &Kind::TimestampLtz.data_type());

        let array = column(Kind::TimestampTz, &[Some("1616173619.250000000 960")]).unwrap();
        assert_eq!(array.as_primitive::<TimestampMicrosecondType>().value(0), 1_616_173_619_250_000);
        assert_eq!(array.data_type(), &Kind::TimestampTz.data_type());

        let array = column(Kind::Time, &[Some("86399.999999999")]).unwrap();
        assert_eq!(array.as_primitive::<Time64NanosecondType>().value(0), 86_399_999_999_999);
    }

    #[test]
    fn texts_truths_and_bytes_are_what_they_are() {
        let array = column(Kind::Text, &[Some(""), None, Some("null"), Some("{\"a\": \"ü\"}")]).unwrap();
        let values: Vec<_> = array.as_string::<i32>().iter().collect();
        assert_eq!(values, [Some(""), None, Some("null"), Some("{\"a\": \"ü\"}")]);
        let array = column(Kind::Boolean, &[Some("true"), Some("false"), None]).unwrap();
        let values: Vec<_> = array.as_boolean().iter().collect();
        assert_eq!(values, [Some(true), Some(false), None]);
        let array = column(Kind::Binary, &[Some("00FF"), Some(""), None]).unwrap();
        let values: Vec<_> = array.as_binary::<i32>().iter().collect();
        assert_eq!(values, [Some([0, 255].as_slice()), Some(&[]), None]);
    }

    #[test]
    fn a_cell_that_does_not_parse_names_column_and_row() {
        let cases = [
            (Kind::Integer, "9223372036854775808"),
            (Kind::Integer, "1.5"),
            (Kind::Decimal { precision: 5, scale: 2 }, "1000.00"),
            (Kind::Decimal { precision: 5, scale: 2 }, "1.005"),
            (Kind::Real, "one"),
            (Kind::Boolean, "1"),
            (Kind::Date, "2024-03-01"),
            (Kind::Date, "2147483648"),
            (Kind::Time, "12:00:00"),
            (Kind::Timestamp, "1616173619.000000001"),
            (Kind::TimestampLtz, ""),
            (Kind::TimestampTz, "1616173619.000000000"),
            (Kind::Binary, "0"),
        ];
        for (kind, wrong) in cases {
            let error = column(kind, &[None, Some(wrong)]).unwrap_err().to_string();
            let begin = format!(
                "column AMOUNT, row 4002 of Snowflake's result: `{wrong}` is not {}",
                kind.describe()
            );
            assert_eq!(error, format!("{begin} (query 01b2)"));
        }
        let long = "x".repeat(1000);
        assert!(column(Kind::Date, &[Some(&long)]).unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn a_row_of_another_width_is_an_error() {
        let columns = [Column { name: "A".to_owned(), kind: Kind::Text }];
        let schema = Arc::new(Schema::new(vec![columns[0].field()]));
        let error = batch(&schema, &columns, &[vec![None, None]], PLACE).unwrap_err();
        assert!(error.to_string().contains("2 cells in 1 columns"), "{error}");
    }

    #[test]
    fn a_scale_or_precision_that_arrow_has_not_is_an_error() {
        for kind in [Kind::Decimal { precision: 39, scale: 0 }, Kind::Decimal { precision: 5, scale: -1 }] {
            assert!(column(kind, &[Some("1")]).unwrap_err().to_string().contains("AMOUNT"));
        }
    }
}
