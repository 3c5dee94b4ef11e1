//! Unit tests of models: given rows, and the rows that the model makes of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_saphyr::Spanned;

use super::error::Place;
use super::{ColumnSpec, ModelError, Registry, yaml};
use crate::{PARTITION_COLUMN, PartitionDate};

/// A row: text or nothing by column; a column that is left out holds nothing.
pub type TestRow = BTreeMap<String, Option<String>>;

/// A worked example of a model.
#[derive(Clone, Debug)]
pub struct UnitTest {
    /// What it shows.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The dates that are built.
    pub dates: BTreeSet<PartitionDate>,
    /// The rows of each relation. Of those that the model reads and that are not given, replicas and sources are empty,
    /// and models computed.
    pub given: BTreeMap<String, Vec<TestRow>>,
    /// The rows that the model gives, in any order; only the columns that they name are compared.
    pub expect: Vec<TestRow>,
    given_places: BTreeMap<String, Place>,
}

impl UnitTest {
    pub(super) fn new(file: &str, test: &yaml::UnitTest, columns: &[ColumnSpec]) -> Result<Self, ModelError> {
        let place = Place::line(file, test.name.referenced.line());
        let mut given = BTreeMap::new();
        let mut given_places = BTreeMap::new();
        for input in &test.given {
            let place = Place::line(file, input.input.referenced.line());
            let rows = input.rows.iter().map(|row| plain(&row.value)).collect();
            if given.insert(input.input.value.clone(), rows).is_some() {
                return Err(place.wrong(format!("'{}' is given twice", input.input.value)));
            }
            given_places.insert(input.input.value.clone(), place);
        }
        let expect = expected(file, &test.expect.rows, columns)?;
        let dates = match &test.dates {
            None => mentioned(&given, &expect),
            Some(dates) => dates.iter().map(|date| parsed(file, date)).collect::<Result<_, _>>()?,
        };
        Ok(Self { name: test.name.value.clone(), place, dates, given, expect, given_places })
    }

    /// Checks the names of the relations and columns that are given, against what `model` reads.
    pub(super) fn check(&self, model: &str, registry: &Registry) -> Result<(), ModelError> {
        let read = registry.dependencies(model);
        for (input, rows) in &self.given {
            let place = &self.given_places[input];
            let is_own = input == model;
            let Some(columns) = registry.columns(input).filter(|_| is_own || read.contains(input)) else {
                return Err(place.wrong(format!("'{input}' is nothing that {model} reads")));
            };
            let unknown = rows.iter().flat_map(BTreeMap::keys).find(|name| !has(columns, name));
            if let Some(name) = unknown {
                return Err(place.wrong(format!("'{input}' has no column '{name}'")));
            }
        }
        Ok(())
    }
}

fn has(columns: &[ColumnSpec], name: &str) -> bool {
    columns.iter().any(|column| column.name == name)
}

fn plain(row: &yaml::Row) -> TestRow {
    row.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
}

/// Rows that all name the same columns, which the model has.
fn expected(
    file: &str,
    rows: &[Spanned<yaml::Row>],
    columns: &[ColumnSpec],
) -> Result<Vec<TestRow>, ModelError> {
    let first: Vec<&String> = rows.first().into_iter().flat_map(|row| row.value.keys()).collect();
    for row in rows {
        let place = Place::line(file, row.referenced.line());
        if let Some(name) = row.value.keys().find(|name| !has(columns, name)) {
            return Err(place.wrong(format!("'{name}' is not among the columns")));
        }
        if row.value.keys().collect::<Vec<_>>() != first {
            return Err(place.wrong("names other columns than the first expected row"));
        }
    }
    Ok(rows.iter().map(|row| plain(&row.value)).collect())
}

/// Every `partition_date` of any row.
fn mentioned(given: &BTreeMap<String, Vec<TestRow>>, expect: &[TestRow]) -> BTreeSet<PartitionDate> {
    let rows = given.values().flatten().chain(expect);
    rows.filter_map(|row| row.get(PARTITION_COLUMN)?.as_ref()?.parse().ok()).collect()
}

fn parsed(file: &str, date: &yaml::Text) -> Result<PartitionDate, ModelError> {
    let place = Place::line(file, date.referenced.line());
    date.value.parse().map_err(|problem: crate::TimeError| place.wrong(problem.to_string()))
}
