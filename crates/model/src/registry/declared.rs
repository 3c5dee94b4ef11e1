//! The tests that a model's YAML declares, and those that its key and its columns imply.

use chrono::TimeDelta;

use super::data_test::{Check, DataTest, Severity};
use super::error::Place;
use super::yaml::{self, TestEntry, Text};
use super::{ColumnSpec, DataType, Kind, ModelError};
use crate::PARTITION_COLUMN;

/// Says so unless `name` is one of `columns`.
pub(super) fn column<'a>(columns: &'a [ColumnSpec], name: &Text) -> Result<&'a ColumnSpec, String> {
    let found = columns.iter().find(|column| column.name == name.value);
    found.ok_or_else(|| format!("'{}' is not among the columns", name.value))
}

/// Says so if there is nothing in the `text` that is a model's `what`.
pub(super) fn not_empty(text: &Text, what: &str) -> Result<(), String> {
    if text.value.trim().is_empty() { Err(format!("has no {what}: say it in a sentence")) } else { Ok(()) }
}

/// Every test of the model that `definition` in `file` describes.
pub(super) fn data_tests(
    file: &str,
    definition: &yaml::Definition,
    columns: &[ColumnSpec],
) -> Result<Vec<DataTest>, ModelError> {
    let mut tests = implied(file, definition, columns);
    for column in &definition.columns {
        for entry in &column.data_tests {
            let place = Place::line(file, entry.referenced.line());
            tests.extend(of_entry(&place, &entry.value, Some(&column.name), columns)?);
        }
    }
    for entry in &definition.data_tests {
        let place = Place::line(file, entry.referenced.line());
        tests.extend(of_entry(&place, &entry.value, None, columns)?);
    }
    Ok(tests)
}

/// A stored model's key is unique, and its columns hold something.
fn implied(file: &str, definition: &yaml::Definition, columns: &[ColumnSpec]) -> Vec<DataTest> {
    if definition.kind.value == Kind::View {
        return Vec::new();
    }
    let place = Place::line(file, definition.kind.referenced.line());
    let test = |name, check| DataTest { name, severity: Severity::Error, check, place: place.clone() };
    let required = columns.iter().filter(|column| !column.nullable).map(|column| column.name.clone());
    let mut tests = vec![test("not_null".to_owned(), Check::NotNull(required.collect()))];
    let key: Vec<String> = definition.key.iter().map(|name| name.value.clone()).collect();
    if !key.is_empty() {
        tests.push(test(format!("unique ({})", key.join(", ")), Check::Unique(key)));
    }
    tests
}

fn of_entry(
    place: &Place,
    entry: &TestEntry,
    own: Option<&Text>,
    columns: &[ColumnSpec],
) -> Result<Vec<DataTest>, ModelError> {
    let one = |name: String, config: &yaml::Config, check| {
        Ok(vec![DataTest { name, severity: config.severity, check, place: place.clone() }])
    };
    let only_of_column = || {
        own.map(|column| column.value.clone())
            .ok_or_else(|| place.wrong("is a test of a column: write it below the column"))
    };
    let only_of_model = || match own {
        Some(_) => Err(place.wrong("is a test of the model: write it below 'data_tests' of the model")),
        None => Ok(()),
    };
    match entry {
        TestEntry::Unique(told) => {
            let names = told_columns(place, told, own, columns)?;
            one(format!("unique ({})", names.join(", ")), &told.config, Check::Unique(names))
        }
        TestEntry::NotNull(told) => {
            let names = told_columns(place, told, own, columns)?;
            one(format!("not_null ({})", names.join(", ")), &told.config, Check::NotNull(names))
        }
        TestEntry::NonNegative(told) => {
            let names = told_columns(place, told, own, columns)?;
            one(format!("non_negative ({})", names.join(", ")), &told.config, Check::NonNegative(names))
        }
        TestEntry::AcceptedValues(told) => {
            let column = only_of_column()?;
            if told.values.is_empty() {
                return Err(place.wrong("accepted_values needs at least one value"));
            }
            one(
                format!("accepted_values ({column})"),
                &told.config,
                Check::AcceptedValues(column, told.values.clone()),
            )
        }
        TestEntry::Relationships(told) => {
            let column = only_of_column()?;
            let (to, field) = (told.to.value.clone(), told.field.value.clone());
            let name = format!("relationships ({column} → {to}.{field})");
            one(name, &told.config, Check::Relationships { column, to, field, same_date: told.same_date })
        }
        TestEntry::EqualRowcount(told) => {
            only_of_model()?;
            let other = told.compare_model.value.clone();
            one(format!("equal_rowcount ({other})"), &told.config, Check::EqualRowcount(other))
        }
        TestEntry::AtLeastRowcount(told) => {
            only_of_model()?;
            let other = told.compare_model.value.clone();
            one(format!("at_least_rowcount ({other})"), &told.config, Check::AtLeastRowcount(other))
        }
        TestEntry::Freshness(told) => {
            only_of_model()?;
            freshness(place, told, columns)
        }
    }
}

/// The columns that a test names, or the one that it stands below.
fn told_columns(
    place: &Place,
    told: &yaml::Columns,
    own: Option<&Text>,
    columns: &[ColumnSpec],
) -> Result<Vec<String>, ModelError> {
    if let Some(own) = own {
        return match told.columns.is_empty() {
            true => Ok(vec![own.value.clone()]),
            false => {
                Err(place.wrong("'columns' is for a test of the model; below a column it tests that column"))
            }
        };
    }
    if told.columns.is_empty() {
        return Err(place.wrong("a test of the model needs 'columns': the names of those that it tests"));
    }
    for name in &told.columns {
        column(columns, name).map_err(|problem| place.wrong(problem))?;
    }
    Ok(told.columns.iter().map(|name| name.value.clone()).collect())
}

fn freshness(
    place: &Place,
    told: &yaml::Freshness,
    columns: &[ColumnSpec],
) -> Result<Vec<DataTest>, ModelError> {
    let field = column(columns, &told.loaded_at_field).map_err(|problem| place.wrong(problem))?;
    if field.data_type != DataType::Timestamp || !columns.iter().any(|column| column.name == PARTITION_COLUMN)
    {
        return Err(place
            .wrong("freshness needs a loaded_at_field that is a timestamp, and a column 'partition_date'"));
    }
    if told.warn_after.is_none() && told.error_after.is_none() {
        return Err(
            place.wrong("freshness needs 'warn_after' or 'error_after', such as {count: 1, period: day}")
        );
    }
    let limits = [(Severity::Warn, &told.warn_after), (Severity::Error, &told.error_after)];
    let test = |(severity, age): (Severity, &Option<yaml::Age>)| {
        let age = age.as_ref()?;
        let check = Check::Freshness(field.name.clone(), length(age));
        Some(DataTest { name: format!("freshness ({})", field.name), severity, check, place: place.clone() })
    };
    Ok(limits.into_iter().filter_map(test).collect())
}

fn length(age: &yaml::Age) -> TimeDelta {
    let count = i64::from(age.count);
    match age.period {
        yaml::Period::Minute => TimeDelta::minutes(count),
        yaml::Period::Hour => TimeDelta::hours(count),
        yaml::Period::Day => TimeDelta::days(count),
    }
}
