//! Arrow batches on their way into a temporary table of PostgreSQL.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use daybook_model::contract::{Column, ColumnType, Table};
use sqlx::PgConnection;

use super::CopyEncoder;
use crate::OdsError;

/// What the warehouse holds of a table.
pub(crate) struct Held {
    table: Table,
    /// The contract's columns of each batch, in its order and types.
    batches: Vec<Vec<ArrayRef>>,
}

impl Held {
    /// # Errors
    ///
    /// [`OdsError::Held`] when a batch lacks one of the contract's columns.
    pub(crate) fn of(table: Table, batches: &[RecordBatch]) -> Result<Self, OdsError> {
        let batches = batches.iter().map(|batch| contract_columns(table, batch)).collect::<Result<_, _>>()?;
        Ok(Self { table, batches })
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = HeldRow<'_>> {
        self.batches.iter().flat_map(|columns| {
            let rows = columns.first().map_or(0, |column| column.len());
            (0..rows).map(|row| HeldRow { table: self.table, columns, row })
        })
    }
}

/// Copies `rows` into `target`, a temporary table of this session with the contract's columns of `table`.
pub(crate) async fn copy_held(
    connection: &mut PgConnection,
    target: &str,
    table: Table,
    rows: &[HeldRow<'_>],
) -> Result<(), sqlx::Error> {
    let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    let statement = format!("copy {target} ({}) from stdin (format binary)", names.join(", "));
    let mut copy = connection.copy_in_raw(&statement).await?;
    let mut encoder = CopyEncoder::new();
    for row in rows {
        row.encode(&mut encoder);
        encoder.send_full(&mut copy).await?;
    }
    encoder.finish(copy).await?;
    Ok(())
}

type ArrayRef = std::sync::Arc<dyn Array>;

/// The contract's columns, in its order and types: a warehouse may hand over others, such as string views.
fn contract_columns(table: Table, batch: &RecordBatch) -> Result<Vec<ArrayRef>, OdsError> {
    let held = |reason: String| OdsError::Held { table: table.name(), reason };
    table
        .columns()
        .iter()
        .map(|column| {
            let found = batch
                .column_by_name(column.name)
                .ok_or_else(|| held(format!("it has no column {}", column.name)))?;
            if found.null_count() > 0 {
                return Err(held(format!("its column {} has nulls", column.name)));
            }
            cast(found, &arrow_type(column))
                .map_err(|error: ArrowError| held(format!("column {}: {error}", column.name)))
        })
        .collect()
}

fn arrow_type(column: &Column) -> DataType {
    match column.column_type {
        ColumnType::Id | ColumnType::Text(_) => DataType::Utf8,
        ColumnType::Integer => DataType::Int32,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
    }
}

/// A row of a table, with the contract's columns.
#[derive(Clone, Copy)]
pub(crate) struct HeldRow<'a> {
    table: Table,
    columns: &'a [ArrayRef],
    row: usize,
}

impl<'a> HeldRow<'a> {
    /// The value of a column of text, which the table has.
    pub(crate) fn text(self, name: &str) -> &'a str {
        let position = self.table.columns().iter().position(|column| column.name == name);
        position.map(|position| self.columns[position].as_string::<i32>().value(self.row)).unwrap_or_default()
    }

    fn encode(self, encoder: &mut CopyEncoder) {
        let Self { table, columns, row } = self;
        // A contract table has at most seven columns.
        encoder.row(columns.len() as i16);
        for (column, values) in table.columns().iter().zip(columns) {
            match column.column_type {
                ColumnType::Id | ColumnType::Text(_) => {
                    encoder.text(values.as_string::<i32>().value(row));
                }
                ColumnType::Integer => {
                    encoder.integer(values.as_primitive::<Int32Type>().value(row));
                }
                ColumnType::Timestamp => {
                    encoder.timestamp(values.as_primitive::<TimestampMicrosecondType>().value(row));
                }
            }
        }
    }
}
