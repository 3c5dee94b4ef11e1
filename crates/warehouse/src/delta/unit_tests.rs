//! Models on the engine without a warehouse: worked examples, and whether the queries fit together.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::NaiveDateTime;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::error::DataFusionError;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::collect;
use daybook_model::{ColumnSpec, Dialect, Kind, Model, Registry, TestRow, Tested, UnitTest};

use super::schema::{arrow_schema, planned, schema_of};
use super::session::Session;
use crate::{RowDifference, WarehouseError};

/// Runs `test` of `model`; gives how the rows differ from the expected ones, if they do.
///
/// # Errors
/// When a given value does not fit its column, or the model's query fails.
pub async fn run_unit_test(
    registry: &Arc<Registry>,
    model: &Model,
    test: &UnitTest,
) -> Result<Option<RowDifference>, WarehouseError> {
    let session = Session::new(Arc::new(RuntimeEnv::default()), Arc::clone(registry));
    let mut relations = registry.dependencies(&model.name);
    relations.insert(model.name.clone());
    for name in &relations {
        let is_computed = registry.get(name).is_some_and(|model| model.kind != Kind::Incremental);
        let rows = test.given.get(name).map(Vec::as_slice);
        if let (Some(columns), Some(rows)) = (registry.columns(name), rows.or((!is_computed).then_some(&[])))
        {
            show(&session, name, columns, rows)?;
        }
    }
    for other in registry.models().iter().filter(|other| other.name != model.name) {
        let is_computed = relations.contains(&other.name) && other.kind != Kind::Incremental;
        if is_computed && !test.given.contains_key(&other.name) {
            let plan = query(&session, other, test).await?;
            session.set_provider(&other.name, Arc::new(ViewTable::new(plan, None)))?;
        }
    }
    let expected = RowsOf::expected(model, test)?;
    let found = expected.found(&session, model, test).await?;
    Ok(RowDifference::between(expected.columns, expected.rows, found))
}

/// Plans every model over empty tables: its query must be one that the engine understands, and give the declared
/// columns; likewise every test that is SQL of its own.
///
/// # Errors
/// The first that does not.
pub async fn check_queries(registry: &Arc<Registry>) -> Result<(), WarehouseError> {
    let session = Session::new(Arc::new(RuntimeEnv::default()), Arc::clone(registry));
    for (name, source) in registry.sources() {
        show(&session, name, &source.columns, &[])?;
    }
    for model in registry.models() {
        if model.is_stored() {
            show(&session, &model.name, &model.columns, &[])?;
        }
        let sql =
            model.compile(&BTreeSet::new(), Dialect::Delta).map_err(WarehouseError::uncompiled(model))?;
        planned(&session.context().state(), model, &sql).await?;
        if !model.is_stored() {
            session.plan_view(model).await?;
        }
    }
    for custom in registry.custom_tests() {
        let failed = |problem: String| WarehouseError::Test { file: custom.file.clone(), problem };
        let sql =
            custom.test.bad_rows(&Tested::CUSTOM, &BTreeSet::new(), NaiveDateTime::default(), Dialect::Delta);
        let sql = sql.map_err(|error| failed(error.to_string()))?;
        let planned = session.context().state().create_logical_plan(&sql).await;
        planned.map_err(|error| failed(WarehouseError::from(error).to_string()))?;
    }
    Ok(())
}

/// The query of `model` for the test's dates.
async fn query(session: &Session, model: &Model, test: &UnitTest) -> Result<LogicalPlan, WarehouseError> {
    let sql = model.compile(&test.dates, Dialect::Delta).map_err(WarehouseError::uncompiled(model))?;
    planned(&session.context().state(), model, &sql).await
}

/// Shows a table of `rows`.
fn show(
    session: &Session,
    name: &str,
    columns: &[ColumnSpec],
    rows: &[TestRow],
) -> Result<(), WarehouseError> {
    let schema = schema_of(columns);
    let batch = batch(&schema, rows).map_err(|error| WarehouseError::Model {
        model: name.to_owned(),
        problem: format!("a given row does not fit its columns: {}", error.strip_backtrace()),
    })?;
    session.set_provider(name, Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}

/// Rows of text as typed columns.
fn batch(schema: &SchemaRef, rows: &[TestRow]) -> Result<RecordBatch, DataFusionError> {
    let strictly = CastOptions { safe: false, ..CastOptions::default() };
    let columns = schema.fields().iter().map(|field| {
        let values = rows.iter().map(|row| row.get(field.name()).cloned().flatten());
        let text: ArrayRef = Arc::new(StringArray::from_iter(values));
        cast_with_options(&text, field.data_type(), &strictly)
    });
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)?)
}

/// Rows as text, of the columns that are compared.
struct RowsOf {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl RowsOf {
    /// The columns that the test's expected rows name, all of them when it expects none, and those rows.
    fn expected(model: &Model, test: &UnitTest) -> Result<Self, WarehouseError> {
        let is_compared = |name: &str| test.expect.first().is_none_or(|row| row.contains_key(name));
        let columns: Vec<_> =
            model.columns.iter().filter(|column| is_compared(&column.name)).cloned().collect();
        let batch = batch(&schema_of(&columns), &test.expect).map_err(|error| WarehouseError::Model {
            model: model.name.clone(),
            problem: format!("an expected row does not fit the columns: {}", error.strip_backtrace()),
        })?;
        let columns: Vec<String> = columns.into_iter().map(|column| column.name).collect();
        Ok(Self { rows: texts(&batch, &columns)?, columns })
    }

    /// The same columns of what the model gives.
    async fn found(
        &self,
        session: &Session,
        model: &Model,
        test: &UnitTest,
    ) -> Result<Vec<Vec<String>>, WarehouseError> {
        let state = session.context().state();
        let plan = query(session, model, test).await?;
        let plan = state.create_physical_plan(&plan).await?;
        let mut rows = Vec::new();
        for batch in collect(plan, state.task_ctx()).await? {
            let batch = RecordBatch::try_new(arrow_schema(model), batch.columns().to_vec())
                .map_err(DataFusionError::from)?;
            rows.extend(texts(&batch, &self.columns)?);
        }
        Ok(rows)
    }
}

fn texts(batch: &RecordBatch, columns: &[String]) -> Result<Vec<Vec<String>>, WarehouseError> {
    let options = FormatOptions::default().with_null("(none)");
    let columns = columns
        .iter()
        .map(|name| ArrayFormatter::try_new(batch.column(batch.schema().index_of(name)?), &options))
        .collect::<Result<Vec<_>, _>>()
        .map_err(DataFusionError::from)?;
    let row = |row| columns.iter().map(|column| column.value(row).to_string()).collect();
    Ok((0..batch.num_rows()).map(row).collect())
}
