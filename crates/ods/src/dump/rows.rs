//! Rows of a table on their way from COPY into Arrow, counted and hashed by date.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use chrono::NaiveDate;
use daybook_model::PartitionDate;
use daybook_model::manifest::DateContent;

use super::table::{DumpTable, DumpType};
use crate::copy::{CopyDecoder, DecodeError, Tuple};

/// Rows are handed on in batches of this many.
const BATCH_ROWS: usize = 8192;

/// Collects rows into batches.
pub(crate) struct DumpRows {
    schema: SchemaRef,
    builders: Vec<Builder>,
    rows: usize,
    decoder: CopyDecoder,
    fields: Vec<Option<Range<usize>>>,
    dates: BTreeMap<i32, DateSum>,
}

/// The sum of the rows' hashes does not depend on their order.
#[derive(Default)]
struct DateSum {
    rows: u64,
    hash: u128,
}

enum Builder {
    Text(StringBuilder),
    Integer(Int32Builder),
    Bigint(Int64Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
}

impl DumpRows {
    pub(crate) fn of(table: &DumpTable) -> Self {
        Self {
            schema: table.schema(),
            builders: table.columns.iter().map(|(_, dump_type)| Builder::new(*dump_type)).collect(),
            rows: 0,
            decoder: CopyDecoder::default(),
            fields: Vec::new(),
            dates: BTreeMap::new(),
        }
    }

    /// Adds a piece of the COPY stream.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        self.decoder.push(piece);
        while let Some(tuple) = self.decoder.next_tuple(&mut self.fields)? {
            for (index, builder) in self.builders.iter_mut().enumerate() {
                builder.append(&tuple, &self.fields, index)?;
            }
            let last = self.builders.len().saturating_sub(1);
            let date = self.dates.entry(tuple.date(&self.fields, last)?).or_default();
            date.rows += 1;
            date.hash = date.hash.wrapping_add(row_hash(tuple.content()));
            self.rows += 1;
        }
        Ok(())
    }

    /// The collected rows, once there are enough for a batch.
    pub(crate) fn take_full(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if self.rows < BATCH_ROWS { Ok(None) } else { self.take() }
    }

    /// The collected rows, if there are any.
    pub(crate) fn take(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        if std::mem::take(&mut self.rows) == 0 {
            return Ok(None);
        }
        let columns = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(Arc::clone(&self.schema), columns).map(Some)
    }

    /// What each date held; none when a date is beyond the calendar.
    pub(crate) fn dates(&self) -> Option<BTreeMap<PartitionDate, DateContent>> {
        self.dates
            .iter()
            .map(|(days, sum)| {
                let content = DateContent {
                    rows: sum.rows,
                    content_hash: format!("{:016x}{:032x}", sum.rows, sum.hash),
                };
                // Days since 1970 to days since the year 1.
                let date = NaiveDate::from_num_days_from_ce_opt(days.checked_add(719_163)?)?;
                Some((PartitionDate::new(date), content))
            })
            .collect()
    }
}

fn row_hash(content: &[u8]) -> u128 {
    let mut half = [0; 16];
    half.copy_from_slice(&blake3::hash(content).as_bytes()[..16]);
    u128::from_be_bytes(half)
}

impl Builder {
    fn new(dump_type: DumpType) -> Self {
        match dump_type {
            DumpType::Text => Self::Text(StringBuilder::new()),
            DumpType::Integer => Self::Integer(Int32Builder::new()),
            DumpType::Bigint => Self::Bigint(Int64Builder::new()),
            DumpType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new()),
            DumpType::Date => Self::Date(Date32Builder::new()),
        }
    }

    fn append(
        &mut self,
        tuple: &Tuple<'_>,
        fields: &[Option<Range<usize>>],
        index: usize,
    ) -> Result<(), DecodeError> {
        match self {
            Self::Text(builder) => builder.append_value(tuple.text(fields, index)?),
            Self::Integer(builder) => builder.append_value(tuple.integer(fields, index)?),
            Self::Bigint(builder) => builder.append_value(tuple.bigint(fields, index)?),
            Self::Timestamp(builder) => builder.append_value(tuple.timestamp(fields, index)?),
            Self::Date(builder) => builder.append_value(tuple.date(fields, index)?),
        }
        Ok(())
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Bigint(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
        }
    }
}
