//! Tests of data: each is a query that gives the rows where it does not hold.

use std::collections::BTreeSet;

use chrono::{NaiveDateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::Place;
use crate::compile;
use crate::{Dialect, Model, PARTITION_COLUMN, PartitionDate};

/// What a failing test means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing: it is noted and shown.
    Warn,
    /// Nothing is published.
    #[default]
    Error,
}

impl Severity {
    /// As it is written: `warn` or `error`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A test of a model's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataTest {
    /// What it tests, such as `unique (order_id)`; for people, and to tell the tests of a model apart.
    pub name: String,
    /// What a failure means.
    pub severity: Severity,
    /// What must hold.
    pub check: Check,
    /// Where it is declared.
    pub place: Place,
}

/// What must hold of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// No two rows have the same values in these columns; those in which one is absent don't count.
    Unique(Vec<String>),
    /// No value is absent in these columns.
    NotNull(Vec<String>),
    /// No value is below zero in these columns.
    NonNegative(Vec<String>),
    /// A column has no other values than these.
    AcceptedValues(String, Vec<String>),
    /// A column's values are found in a column of another model.
    Relationships {
        /// The column.
        column: String,
        /// The other model.
        to: String,
        /// Its column.
        field: String,
        /// Whether the row must lie under the same date.
        same_date: bool,
    },
    /// Each date has as many rows as another model: nothing was lost or multiplied.
    EqualRowcount(String),
    /// Each date has at least as many rows as another model or source.
    AtLeastRowcount(String),
    /// The newest row is not older than this at the end of the last closed date.
    Freshness(String, TimeDelta),
    /// A query of the user's own gives no rows.
    Custom(String),
}

impl DataTest {
    /// The other relations that the test reads.
    pub fn compares(&self) -> Option<&str> {
        match &self.check {
            Check::Relationships { to, .. } => Some(to),
            Check::EqualRowcount(other) | Check::AtLeastRowcount(other) => Some(other),
            _ => None,
        }
    }

    /// Whether it asks how old the newest row is, whatever was built.
    pub fn is_of_age(&self) -> bool {
        matches!(self.check, Check::Freshness(..))
    }

    /// SQL that shows what is wrong where the bad rows do not: the newest row of all, however old.
    ///
    /// # Errors
    /// As [`DataTest::bad_rows`].
    pub fn evidence(
        &self,
        table: &Tested<'_>,
        dialect: Dialect,
    ) -> Result<Option<String>, sqlparser::parser::ParserError> {
        let Check::Freshness(column, _) = &self.check else { return Ok(None) };
        let (column, from) = (quoted(column), quoted(table.name));
        let sql = format!("select max(tested.{column}) as newest from {from} as tested");
        compile::compile(&sql, &BTreeSet::new(), dialect).map(Some)
    }

    /// SQL in `dialect` that gives the rows of `table` for which the test does not hold, as far as they lie in `dates`.
    /// `as_of` is the end of the last closed date, in UTC.
    ///
    /// # Errors
    /// When a custom test's SQL does not compile in `dialect`.
    pub fn bad_rows(
        &self,
        table: &Tested<'_>,
        dates: &BTreeSet<PartitionDate>,
        as_of: NaiveDateTime,
        dialect: Dialect,
    ) -> Result<String, sqlparser::parser::ParserError> {
        compile::compile(&self.template(table, as_of), dates, dialect)
    }

    fn template(&self, table: &Tested<'_>, as_of: NaiveDateTime) -> String {
        let from = quoted(table.name);
        let within = if table.is_dated { "tested.partition_date in (:dates) and " } else { "" };
        let any = |columns: &[String], condition: &str| {
            let conditions = columns.iter().map(|column| format!("tested.{} {condition}", quoted(column)));
            let conditions = conditions.collect::<Vec<_>>().join(" or ");
            format!("select tested.* from {from} as tested where {within}({conditions})")
        };
        match &self.check {
            Check::Unique(columns) => unique(table, columns),
            Check::NotNull(columns) => any(columns, "is null"),
            Check::NonNegative(columns) => any(columns, "< 0"),
            Check::AcceptedValues(column, values) => {
                let values = values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", ");
                any(std::slice::from_ref(column), &format!("not in ({values})"))
            }
            Check::Relationships { column, to, field, same_date } => {
                let same = if *same_date {
                    "parent.partition_date in (:dates) and parent.partition_date = tested.partition_date and "
                } else {
                    ""
                };
                format!(
                    "select tested.* from {from} as tested where {within}tested.{column} is not null and not exists (\
                     select 1 from {} as parent where {same}parent.{} = tested.{column})",
                    quoted(to),
                    quoted(field),
                    column = quoted(column),
                )
            }
            Check::EqualRowcount(other) => counted(&from, &quoted(other), "<>"),
            Check::AtLeastRowcount(other) => counted(&from, &quoted(other), "<"),
            Check::Freshness(column, age) => {
                let limit = as_of - *age;
                // dates before the limit's cannot hold a row that is new enough, whatever the time zone
                let first = PartitionDate::new(limit.date()).minus_days(1);
                format!(
                    "select recent.newest from (select max(tested.{}) as newest from {from} as tested \
                     where tested.partition_date >= date '{first}') as recent \
                     where recent.newest is null or recent.newest < timestamp '{}'",
                    quoted(column),
                    limit.format("%Y-%m-%d %H:%M:%S"),
                )
            }
            Check::Custom(sql) => sql.clone(),
        }
    }
}

/// The table or view that a test looks at.
#[derive(Clone, Copy, Debug)]
pub struct Tested<'a> {
    name: &'a str,
    is_dated: bool,
}

impl<'a> From<&'a Model> for Tested<'a> {
    fn from(model: &'a Model) -> Self {
        Self { name: &model.name, is_dated: model.is_dated() }
    }
}

impl Tested<'static> {
    /// What a test that is SQL looks at: what it says itself.
    pub const CUSTOM: Self = Self { name: "", is_dated: false };
}

/// A key without the partition date holds across partitions: the keys of these dates are looked for in all others.
fn unique(table: &Tested<'_>, columns: &[String]) -> String {
    let from = quoted(table.name);
    let list = |prefix: &str| {
        columns.iter().map(|column| format!("{prefix}.{}", quoted(column))).collect::<Vec<_>>().join(", ")
    };
    let rows = if !table.is_dated {
        from
    } else if columns.iter().any(|column| column == PARTITION_COLUMN) {
        format!("(select {} from {from} as built where built.partition_date in (:dates))", list("built"))
    } else {
        let same = columns.iter().map(|column| format!("built.{0} = elsewhere.{0}", quoted(column)));
        format!(
            "(select {} from {from} as built where built.partition_date in (:dates) union all \
             select {} from {from} as elsewhere where not (elsewhere.partition_date in (:dates)) and exists (\
             select 1 from {from} as built where built.partition_date in (:dates) and {}))",
            list("built"),
            list("elsewhere"),
            same.collect::<Vec<_>>().join(" and "),
        )
    };
    let key = list("tested");
    let present = columns.iter().map(|column| format!("tested.{} is not null", quoted(column)));
    let present = present.collect::<Vec<_>>().join(" and ");
    format!(
        "select {key}, count(*) as row_count from {rows} as tested where {present} group by {key} having count(*) > 1"
    )
}

/// Dates of which `table` has `fewer` rows than `other`, or another number of them.
fn counted(table: &str, other: &str, fewer: &str) -> String {
    let rows = |name: &str| {
        format!(
            "(select partition_date, count(*) as row_count from {name} where partition_date in (:dates) \
             group by partition_date)"
        )
    };
    format!(
        "select coalesce(own.partition_date, other.partition_date) as partition_date, \
         coalesce(own.row_count, 0) as row_count, coalesce(other.row_count, 0) as compared_row_count \
         from {} as own full outer join {} as other on own.partition_date = other.partition_date \
         where coalesce(own.row_count, 0) {fewer} coalesce(other.row_count, 0)",
        rows(table),
        rows(other),
    )
}

/// Names come from the model files; quoting lets them be reserved words.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use crate::Registry;

    use super::*;

    #[test]
    fn each_test_is_a_query_for_the_rows_that_break_it() {
        let registry = Registry::shipped().expect("shipped models");
        let mut kinds = std::collections::BTreeMap::new();
        for model in registry.models() {
            for test in &model.data_tests {
                let kind = test.name.split(' ').next().unwrap_or_default().to_owned();
                kinds.entry(kind).or_insert_with(|| (model, test));
            }
        }
        let dates = BTreeSet::from(["2011-01-31".parse().expect("date")]);
        let as_of =
            chrono::NaiveDate::from_ymd_opt(2011, 2, 1).expect("date").and_time(chrono::NaiveTime::MIN);
        let queries = kinds.values().map(|(model, test)| {
            let sql = [Dialect::Delta, Dialect::Snowflake].map(|dialect| {
                test.bad_rows(&Tested::from(*model), &dates, as_of, dialect).expect("compiles")
            });
            format!("{}: {}\n{}", model.name, test.name, sql.join("\n"))
        });
        insta::assert_snapshot!(queries.collect::<Vec<_>>().join("\n\n"));
    }

    #[test]
    fn values_and_names_cannot_leave_their_quotes() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
