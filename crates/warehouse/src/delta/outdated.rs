//! Tables that were built with other columns than their model declares now.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use daybook_model::Model;
use deltalake::{DeltaResult, DeltaTable};

use super::schema::{arrow_schema, delta_columns};

/// Whether `table` has the columns of `model`, so that it can be read by them.
pub(super) fn has_columns(model: &Model, table: &DeltaTable) -> DeltaResult<bool> {
    let schema = table.snapshot()?.snapshot().schema();
    let is_held =
        |name: &str, data_type| schema.field(name).is_some_and(|held| held.data_type() == data_type);
    Ok(delta_columns(model).iter().all(|column| is_held(column.name(), column.data_type())))
}

/// Stands for such a table: it can be planned, so that all else can be asked, but not read.
#[derive(Debug)]
pub(super) struct OutdatedTable {
    name: String,
    schema: SchemaRef,
}

impl OutdatedTable {
    pub(super) fn of(model: &Model) -> Self {
        Self { name: model.name.clone(), schema: arrow_schema(model) }
    }
}

#[async_trait]
impl TableProvider for OutdatedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Err(DataFusionError::Plan(format!(
            "{} was built with other columns than its model declares now: run `daybook models build`",
            self.name
        )))
    }
}
