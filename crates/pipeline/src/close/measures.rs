//! Orders, lines, revenue and transactions of a date, counted in every place that must show them.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use chrono::NaiveDate;
use daybook_model::{Dialect, PartitionDate, compile};
use daybook_warehouse::QueryResult;
use serde::Serialize;

use super::rows::cast;
use crate::PipelineError;

/// The tables that must agree on measures.
pub(super) const TABLES: [&str; 6] = [
    "orders",
    "order_lines",
    "dwd_orders_variant_status",
    "app_daily_revenue",
    "app_daily_product_sales",
    "app_daily_customer_sales",
];

/// What must show each measure: the replica first, then what is built from it.
const PLACES: [(&str, &[&str]); 3] = [
    ("orders", &["replica", "app_daily_revenue", "app_daily_customer_sales"]),
    ("lines", &["replica", "fact"]),
    (
        "revenue",
        &["replica", "fact", "app_daily_revenue", "app_daily_product_sales", "app_daily_customer_sales"],
    ),
];

/// The amounts of one date, by measure (`orders`, `lines`, `revenue` in minor units, `transactions`) and place. Of
/// transactions the replica counts every state that it has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Measures(BTreeMap<String, BTreeMap<String, i64>>);

impl Measures {
    /// The amount of `measure` that `place` shows; what it does not show is nothing.
    pub fn amount(&self, measure: &str, place: &str) -> i64 {
        self.0.get(measure).and_then(|places| places.get(place)).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, measure: &str, place: &str, amount: i64) {
        self.0.entry(measure.to_owned()).or_default().insert(place.to_owned(), amount);
    }

    /// What the places of the warehouse do not agree on, a line each.
    pub(super) fn contradictions(&self) -> Vec<String> {
        let differing = PLACES.iter().filter(|(measure, places)| {
            let replica = self.amount(measure, "replica");
            places.iter().any(|place| self.amount(measure, place) != replica)
        });
        let line = |(measure, places): &(&str, &[&str])| {
            let shown = places.iter().map(|place| format!("{place} {}", self.amount(measure, place)));
            format!("{measure}: {}", shown.collect::<Vec<_>>().join(", "))
        };
        differing.map(line).collect()
    }
}

/// The question about the measures of `dates` that tables must agree on, in SQL.
pub(super) fn sql(dates: &BTreeSet<PartitionDate>, dialect: Dialect) -> Result<String, PipelineError> {
    compiled(include_str!("../../queries/reconcile/measures.sql"), dates, dialect)
}

/// The question about their transactions.
pub(super) fn transactions_sql(
    dates: &BTreeSet<PartitionDate>,
    dialect: Dialect,
) -> Result<String, PipelineError> {
    compiled(include_str!("../../queries/reconcile/transactions.sql"), dates, dialect)
}

fn compiled(sql: &str, dates: &BTreeSet<PartitionDate>, dialect: Dialect) -> Result<String, PipelineError> {
    compile::compile(sql, dates, dialect)
        .map_err(|error| PipelineError::Compile(format!("reconciliation: {error}")))
}

/// The answer of either, by date.
pub(super) async fn read(result: QueryResult) -> Result<BTreeMap<PartitionDate, Measures>, PipelineError> {
    let mut dates = BTreeMap::new();
    add(&mut dates, result).await?;
    Ok(dates)
}

/// Adds such an answer to another.
pub(super) async fn add(
    dates: &mut BTreeMap<PartitionDate, Measures>,
    result: QueryResult,
) -> Result<(), PipelineError> {
    for batch in result.collect().await? {
        let days = cast(batch.column(0), &DataType::Date32)?;
        let measures = cast(batch.column(1), &DataType::Utf8)?;
        let places = cast(batch.column(2), &DataType::Utf8)?;
        let amounts = cast(batch.column(3), &DataType::Int64)?;
        for row in 0..batch.num_rows() {
            let days = days.as_primitive::<Date32Type>().value(row);
            let Some(date) = NaiveDate::from_epoch_days(days).map(PartitionDate::new) else { continue };
            let (measures, places) = (measures.as_string::<i32>(), places.as_string::<i32>());
            let amount = amounts.as_primitive::<Int64Type>().value(row);
            dates.entry(date).or_default().set(measures.value(row), places.value(row), amount);
        }
    }
    Ok(())
}
