//! Snowflake's results as the rest of Daybook has them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use daybook_snowflake_api::{ResultSet, SnowflakeError};
use futures::{StreamExt, TryStreamExt};

use crate::{QueryResult, WarehouseError};

/// The result with names in lower case, unless they were written in another way, and whole numbers in 64 bits, which is
/// what all of Daybook's are: a larger one is an error.
pub(super) fn answer(result: ResultSet) -> QueryResult {
    let schema = plain_schema(&result.schema());
    let plain = Arc::clone(&schema);
    let batches = result.into_batches().map_err(WarehouseError::from);
    let batches = batches.and_then(move |batch| std::future::ready(plain_batch(&batch, &plain)));
    QueryResult { schema, batches: batches.boxed() }
}

fn plain_schema(schema: &Schema) -> SchemaRef {
    let plain = |field: &Arc<Field>| {
        let is_upper = !field.name().chars().any(|c| c.is_ascii_lowercase());
        let name = if is_upper { field.name().to_ascii_lowercase() } else { field.name().clone() };
        let data_type = match field.data_type() {
            DataType::Decimal128(_, 0) => DataType::Int64,
            other => other.clone(),
        };
        Field::new(name, data_type, true)
    };
    Arc::new(Schema::new(schema.fields().iter().map(plain).collect::<Vec<_>>()))
}

fn plain_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, WarehouseError> {
    let exact = CastOptions { safe: false, ..CastOptions::default() };
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        cast_with_options(column, field.data_type(), &exact).map_err(|error| {
            let reason = format!("column {}: {error}; cast it to varchar", field.name());
            SnowflakeError::Unexpected(reason).into()
        })
    });
    let columns = columns.collect::<Result<Vec<ArrayRef>, WarehouseError>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|error| SnowflakeError::Unexpected(error.to_string()).into())
}

/// All texts of a result's columns, row by row; what is null is empty.
pub(super) async fn texts(result: ResultSet) -> Result<Vec<Vec<String>>, WarehouseError> {
    let mut rows = Vec::new();
    for batch in answer(result).collect().await? {
        let columns = batch.columns().iter().map(|column| {
            arrow::compute::cast(column, &DataType::Utf8)
                .map_err(|error| SnowflakeError::Unexpected(error.to_string()))
        });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        rows.extend((0..batch.num_rows()).map(|row| {
            let cell = |column: &ArrayRef| {
                if column.is_null(row) {
                    String::new()
                } else {
                    column.as_string::<i32>().value(row).to_owned()
                }
            };
            columns.iter().map(cell).collect::<Vec<_>>()
        }));
    }
    Ok(rows)
}

/// The number in the first cell, such as the rows that an insert has inserted; 0 if there is none.
pub(super) async fn number(result: ResultSet) -> Result<u64, WarehouseError> {
    let rows = texts(result).await?;
    Ok(rows.first().and_then(|row| row.first()).and_then(|cell| cell.parse().ok()).unwrap_or_default())
}
