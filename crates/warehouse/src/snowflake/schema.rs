//! A model's columns as Snowflake has them.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use daybook_model::{ColumnSpec, DataType, Model, PARTITION_COLUMN, PartitionDate};
use daybook_snowflake_api::SnowflakeError;
use daybook_snowflake_api::statements::{Column, ColumnType, Name};

/// The columns of a table or view. Every one is nullable to the storage: audits, which name rows, tell what is missing.
pub(super) fn columns(columns: &[ColumnSpec]) -> Result<Vec<Column>, SnowflakeError> {
    let column = |column: &ColumnSpec| {
        Ok(Column { name: column.name.parse()?, column_type: of(column.data_type), is_nullable: true })
    };
    columns.iter().map(column).collect()
}

pub(super) fn column_names(model: &Model) -> Result<Vec<Name>, SnowflakeError> {
    model.columns.iter().map(|column| column.name.parse()).collect()
}

/// The order of a table's rows: by date, and within a date as the model says.
pub(super) fn sort(model: &Model) -> Result<Vec<Name>, SnowflakeError> {
    let date = model.is_partitioned().then_some(PARTITION_COLUMN);
    date.into_iter().chain(model.sort.iter().map(String::as_str)).map(str::parse).collect()
}

pub(super) fn calendar(dates: &BTreeSet<PartitionDate>) -> BTreeSet<NaiveDate> {
    dates.iter().map(|date| date.date()).collect()
}

fn of(data_type: DataType) -> ColumnType {
    match data_type {
        DataType::String => ColumnType::Text,
        DataType::Integer => ColumnType::Integer,
        DataType::Bigint => ColumnType::Bigint,
        DataType::Double => ColumnType::Double,
        DataType::Boolean => ColumnType::Boolean,
        DataType::Date => ColumnType::Date,
        DataType::Timestamp => ColumnType::Timestamp,
    }
}
