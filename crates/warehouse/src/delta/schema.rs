//! A model's columns as Arrow and as Delta types.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::error::DataFusionError;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, ident};
use daybook_model::{ColumnSpec, DataType, Model, PARTITION_COLUMN};
use deltalake::kernel::{DataType as DeltaType, PrimitiveType, StructField};

use crate::WarehouseError;

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

/// `sql` of the model as a plan that gives the declared columns in the declared types.
pub(super) async fn planned(
    state: &SessionState,
    model: &Model,
    sql: &str,
) -> Result<LogicalPlan, WarehouseError> {
    let failed = |error: DataFusionError| WarehouseError::uncompiled(model)(WarehouseError::from(error));
    let plan = state.create_logical_plan(sql).await.map_err(failed)?;
    // only then it is known which types its columns have
    let analyzed = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {});
    conform(model, analyzed.map_err(failed)?)
}

/// `plan` reduced to the declared columns, in the declared types.
fn conform(model: &Model, plan: LogicalPlan) -> Result<LogicalPlan, WarehouseError> {
    let schema = arrow_schema(model);
    let given: BTreeSet<&str> = plan.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let declared: BTreeSet<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    if given != declared {
        let problem = format!(
            "its SQL ({}) gives the columns {given:?}, its YAML ({}) declares {declared:?}",
            model.file, model.yaml_file
        );
        return Err(WarehouseError::Model { model: model.name.clone(), problem });
    }
    let columns: Vec<Expr> = schema.fields().iter().map(|field| typed(&plan, field)).collect();
    Ok(LogicalPlanBuilder::from(plan).project(columns)?.build()?)
}

/// The column in its type; as it is where it has that, for what is computed hides from a scan what it may leave out.
fn typed(plan: &LogicalPlan, field: &Field) -> Expr {
    let given = plan.schema().fields().iter().find(|given| given.name() == field.name());
    match given.is_some_and(|given| given.data_type() == field.data_type()) {
        true => ident(field.name()),
        false => cast(ident(field.name()), field.data_type().clone()).alias(field.name()),
    }
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
