//! A model's columns as Arrow and as Delta types.

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef, TimeUnit};
use daybook_model::{ColumnSpec, DataType, Model};
use deltalake::kernel::{DataType as DeltaType, PrimitiveType, StructField};

pub(super) const PARTITION_COLUMN: &str = "partition_date";

/// The columns by which a model's table is partitioned.
pub(super) fn partition_columns(model: &Model) -> Vec<String> {
    if model.is_partitioned() { vec![PARTITION_COLUMN.to_owned()] } else { Vec::new() }
}

/// The Arrow schema of a model's rows. Every column is nullable to the storage: audits, which name rows, tell
/// what is missing.
pub(super) fn arrow_schema(model: &Model) -> SchemaRef {
    schema_of(&model.columns)
}

/// The same of any columns.
pub(super) fn schema_of(columns: &[ColumnSpec]) -> SchemaRef {
    let fields = columns.iter().map(|column| Field::new(&column.name, arrow_type(column.data_type), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The Delta columns of a model's table.
pub(super) fn delta_columns(model: &Model) -> Vec<StructField> {
    let field = |column: &ColumnSpec| {
        StructField::nullable(&column.name, DeltaType::Primitive(delta_type(column.data_type)))
    };
    model.columns.iter().map(field).collect()
}

fn arrow_type(data_type: DataType) -> ArrowType {
    match data_type {
        // not views, which keep all the rows alive that they were taken from: what sorts and joins count as memory
        // would have little to do with what they hold
        DataType::String => ArrowType::Utf8,
        DataType::Integer => ArrowType::Int32,
        DataType::Bigint => ArrowType::Int64,
        DataType::Double => ArrowType::Float64,
        DataType::Boolean => ArrowType::Boolean,
        DataType::Date => ArrowType::Date32,
        DataType::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, None),
    }
}

fn delta_type(data_type: DataType) -> PrimitiveType {
    match data_type {
        DataType::String => PrimitiveType::String,
        DataType::Integer => PrimitiveType::Integer,
        DataType::Bigint => PrimitiveType::Long,
        DataType::Double => PrimitiveType::Double,
        DataType::Boolean => PrimitiveType::Boolean,
        DataType::Date => PrimitiveType::Date,
        DataType::Timestamp => PrimitiveType::TimestampNtz,
    }
}
