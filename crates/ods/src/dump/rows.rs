//! Rows of a table on their way from COPY into Arrow, counted and hashed by date.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Date32Builder, Int32Builder, Int64Builder, RecordBatch, StringArray,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use bytes::Bytes;
use chrono::DateTime;
use daybook_model::BusinessTimezone;

use super::content::Contents;
use super::dating::{Dating, LastOrder, SharedDates};
use super::error::DumpError;
use super::order_dates::OrderKey;
use super::table::{DumpTable, DumpType};
use crate::copy::{CopyDecoder, DecodeError, Field, Tuple};

/// Rows are handed on in batches of this many.
const BATCH_ROWS: usize = 8192;
/// As long as ids mostly are.
const TEXT_BYTES: usize = 16;

/// Collects rows into batches.
pub(crate) struct DumpRows {
    table: &'static DumpTable,
    schema: SchemaRef,
    /// Of all columns that the query gives, and then of the date if it does not give that.
    builders: Vec<Builder>,
    rows: usize,
    decoder: CopyDecoder,
    timezone: BusinessTimezone,
    orders: SharedDates,
    last: LastOrder,
    /// Dates of orders that the others do not know yet.
    noted: Vec<(OrderKey, i32)>,
    contents: Contents,
}

enum Builder {
    /// Checked when the column is complete, which takes less time than value by value.
    Text(BinaryBuilder),
    Integer(Int32Builder),
    Bigint(Int64Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
}

impl DumpRows {
    pub(crate) fn of(table: &'static DumpTable, timezone: BusinessTimezone, orders: SharedDates) -> Self {
        Self {
            table,
            schema: table.schema(),
            builders: table.columns.iter().map(|(_, dump_type)| Builder::new(*dump_type)).collect(),
            rows: 0,
            decoder: CopyDecoder::default(),
            timezone,
            orders,
            last: LastOrder::default(),
            noted: Vec::new(),
            contents: Contents::default(),
        }
    }

    /// Takes a piece of a COPY stream, or of several one after another; [`DumpRows::next_batch`] reads it.
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.decoder.push(piece);
    }

    /// The next full batch, as long as what was taken makes one.
    pub(crate) fn next_batch(&mut self) -> Result<Option<RecordBatch>, DumpError> {
        while let Some(tuple) = self.decoder.next_tuple()? {
            let days = match self.table.dating {
                Dating::Query => tuple.field(self.builders.len() - 1).date()?,
                Dating::Timestamp(column) | Dating::Order(column) => {
                    date_of(self.timezone, tuple.field(column).timestamp()?)
                        .ok_or(DecodeError::OutOfRange(column))?
                }
                Dating::ByOrder(column) => match self.last.date(tuple.field(column).bytes()?, &self.orders) {
                    Some(days) => days,
                    None => continue,
                },
            };
            if matches!(self.table.dating, Dating::Order(_)) {
                self.noted.push((OrderKey::of(tuple.field(0).bytes()?), days));
            }
            append(&mut self.builders, tuple, days)?;
            self.contents.add_row(days, tuple.content());
            self.rows += 1;
            if self.rows == BATCH_ROWS {
                return Ok(Some(self.batch()?));
            }
        }
        Ok(None)
    }

    /// The rows since the last batch; their dates are noted all at once, as others wait to do the same.
    fn batch(&mut self) -> Result<RecordBatch, DumpError> {
        self.rows = 0;
        self.orders.note(&mut self.noted)?;
        let columns = self.builders.iter_mut().zip(self.table.columns).map(|(builder, (name, dump_type))| {
            builder.finish(*dump_type).map_err(|source| DumpError::Column { name, source })
        });
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns.collect::<Result<_, _>>()?)?)
    }

    /// The last rows, if any are left, and what all of them were.
    pub(crate) fn finish(mut self) -> Result<(Option<RecordBatch>, Contents), DumpError> {
        let rest = match self.rows {
            0 => None,
            _ => Some(self.batch()?),
        };
        Ok((rest, self.contents))
    }
}

/// The business date of a time in microseconds since 1970, in days since then.
fn date_of(timezone: BusinessTimezone, micros: i64) -> Option<i32> {
    let utc = DateTime::from_timestamp_micros(micros)?.naive_utc();
    Some(timezone.date_of(utc).date().to_epoch_days())
}

fn append(builders: &mut [Builder], tuple: Tuple<'_>, days: i32) -> Result<(), DecodeError> {
    let Some((date, others)) = builders.split_last_mut() else { return Ok(()) };
    for (builder, field) in others.iter_mut().zip(tuple.fields()) {
        builder.append(field)?;
    }
    if let Builder::Date(date) = date {
        date.append_value(days);
    }
    Ok(())
}

impl Builder {
    fn new(dump_type: DumpType) -> Self {
        match dump_type {
            DumpType::Id | DumpType::Text => {
                Self::Text(BinaryBuilder::with_capacity(BATCH_ROWS, BATCH_ROWS * TEXT_BYTES))
            }
            DumpType::Integer => Self::Integer(Int32Builder::with_capacity(BATCH_ROWS)),
            DumpType::Bigint => Self::Bigint(Int64Builder::with_capacity(BATCH_ROWS)),
            DumpType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::with_capacity(BATCH_ROWS)),
            DumpType::Date => Self::Date(Date32Builder::with_capacity(BATCH_ROWS)),
        }
    }

    fn append(&mut self, field: Field<'_>) -> Result<(), DecodeError> {
        match self {
            Self::Text(builder) => builder.append_value(field.bytes()?),
            Self::Integer(builder) => builder.append_value(field.integer()?),
            Self::Bigint(builder) => builder.append_value(field.bigint()?),
            Self::Timestamp(builder) => builder.append_value(field.timestamp()?),
            Self::Date(builder) => builder.append_value(field.date()?),
        }
        Ok(())
    }

    /// The values, and none are left. A fresh builder has room for as many; a finished one would grow from nothing.
    fn finish(&mut self, dump_type: DumpType) -> Result<ArrayRef, ArrowError> {
        Ok(match std::mem::replace(self, Self::new(dump_type)) {
            Self::Text(mut builder) => Arc::new(StringArray::try_from_binary(builder.finish())?),
            Self::Integer(mut builder) => Arc::new(builder.finish()),
            Self::Bigint(mut builder) => Arc::new(builder.finish()),
            Self::Timestamp(mut builder) => Arc::new(builder.finish()),
            Self::Date(mut builder) => Arc::new(builder.finish()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::copy::CopyEncoder;
    use crate::dump::table::TABLES;

    fn lines(numbers: Range<i32>) -> Bytes {
        let mut stream = CopyEncoder::new();
        for number in numbers {
            stream.row(5);
            stream.text(&format!("line {number}"));
            stream.integer(number);
            stream.text("variant");
            stream.integer(-number);
            stream.text(&format!("order {}", number % 10));
        }
        let mut bytes = stream.bytes().to_vec();
        bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        bytes.into()
    }

    /// Nine of ten orders have dates.
    fn rows() -> DumpRows {
        let table = TABLES.iter().find(|table| matches!(table.dating, Dating::ByOrder(_))).unwrap();
        let dates = SharedDates::with_capacity(10);
        let key = |number: i32| OrderKey::of(format!("order {number}").as_bytes());
        dates.note(&mut (0..9).map(|number| (key(number), number)).collect()).unwrap();
        DumpRows::of(table, BusinessTimezone::UTC, dates.known())
    }

    #[test]
    fn no_more_than_a_batch_is_held_however_much_comes() {
        let mut rows = rows();
        let mut batches = Vec::new();
        rows.push(lines(0..100_000));
        while let Some(batch) = rows.next_batch().unwrap() {
            batches.push(batch.num_rows());
        }
        assert_eq!(batches, [BATCH_ROWS; 90_000 / BATCH_ROWS]);
        let (rest, _) = rows.finish().unwrap();
        assert_eq!(rest.unwrap().num_rows(), 90_000 % BATCH_ROWS);
    }

    #[test]
    fn what_is_no_text_is_an_error_that_names_its_column() {
        let mut stream = lines(0..1).to_vec();
        let at = stream.windows(7).position(|bytes| bytes == b"variant").unwrap();
        stream[at] = 0xff;
        let mut rows = rows();
        rows.push(stream.into());
        assert!(rows.next_batch().unwrap().is_none());
        let error = rows.finish().unwrap_err().to_string();
        assert!(error.starts_with("column variant_id: ") && error.contains("UTF-8"), "{error}");
    }

    #[test]
    fn streams_may_follow_each_other_and_come_in_any_pieces() {
        let stream = [lines(0..50), lines(50..50), lines(50..100)].concat();
        let read = |size: usize| {
            let mut rows = rows();
            for piece in stream.chunks(size) {
                rows.push(Bytes::copy_from_slice(piece));
                assert!(rows.next_batch().unwrap().is_none());
            }
            let (rest, contents) = rows.finish().unwrap();
            (rest.unwrap(), contents.finish().unwrap())
        };
        let (batch, contents) = read(stream.len());
        assert_eq!((batch.num_rows(), contents.len()), (90, 9));
        for size in [1, 7, 64, 1000] {
            assert_eq!(read(size), (batch.clone(), contents.clone()));
        }
    }
}
