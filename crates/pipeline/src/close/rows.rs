//! Small query results as plain values.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Int64Type, UInt64Type};
use chrono::NaiveDate;
use daybook_model::PartitionDate;
use daybook_warehouse::QueryResult;
use serde_json::{Map, Value};

use crate::PipelineError;

/// The dates in all columns.
pub(super) async fn dates(result: QueryResult) -> Result<BTreeSet<PartitionDate>, PipelineError> {
    let mut dates = BTreeSet::new();
    for batch in result.collect().await? {
        for column in batch.columns() {
            dates.extend(as_dates(column)?.into_iter().flatten());
        }
    }
    Ok(dates)
}

/// The numbers in the second column by the dates in the first.
pub(super) async fn counts(result: QueryResult) -> Result<BTreeMap<PartitionDate, u64>, PipelineError> {
    let mut counts = BTreeMap::new();
    for batch in result.collect().await? {
        let numbers = cast(batch.column(1), &DataType::UInt64)?;
        let numbers = numbers.as_primitive::<UInt64Type>().iter();
        let rows = as_dates(batch.column(0))?.into_iter().zip(numbers);
        counts.extend(rows.filter_map(|(date, number)| Some((date?, number?))));
    }
    Ok(counts)
}

fn as_dates(column: &ArrayRef) -> Result<Vec<Option<PartitionDate>>, PipelineError> {
    let column = cast(column, &DataType::Date32)?;
    let days = column.as_primitive::<Date32Type>().iter();
    Ok(days.map(|day| day.and_then(NaiveDate::from_epoch_days).map(PartitionDate::new)).collect())
}

/// The numbers in the first column.
pub(super) async fn integers(result: QueryResult) -> Result<Vec<i64>, PipelineError> {
    let mut numbers = Vec::new();
    for batch in result.collect().await? {
        let column = cast(batch.column(0), &DataType::Int64)?;
        numbers.extend(column.as_primitive::<Int64Type>().iter().flatten());
    }
    Ok(numbers)
}

/// The numbers in the first two columns.
pub(super) async fn pairs(result: QueryResult) -> Result<Vec<(i64, i64)>, PipelineError> {
    let mut pairs = Vec::new();
    for batch in result.collect().await? {
        let (first, second) =
            (cast(batch.column(0), &DataType::Int64)?, cast(batch.column(1), &DataType::Int64)?);
        let (first, second) = (first.as_primitive::<Int64Type>(), second.as_primitive::<Int64Type>());
        pairs.extend(first.values().iter().copied().zip(second.values().iter().copied()));
    }
    Ok(pairs)
}

/// Every row, its values as text by column; null where there is none.
pub(super) async fn objects(result: QueryResult) -> Result<Vec<Map<String, Value>>, PipelineError> {
    let mut objects = Vec::new();
    for batch in result.collect().await? {
        let schema = batch.schema();
        let columns = batch
            .columns()
            .iter()
            .map(|column| cast(column, &DataType::Utf8))
            .collect::<Result<Vec<_>, _>>()?;
        objects.extend((0..batch.num_rows()).map(|row| {
            let cells = schema.fields().iter().zip(&columns).map(|(field, column)| {
                let text = column.as_string::<i32>();
                let value = if text.is_null(row) { Value::Null } else { Value::from(text.value(row)) };
                (field.name().clone(), value)
            });
            cells.collect::<Map<_, _>>()
        }));
    }
    Ok(objects)
}

pub(super) fn cast(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, PipelineError> {
    Ok(arrow::compute::cast(column, to)?)
}
