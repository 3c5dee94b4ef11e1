//! One model: its SQL and what the YAML beside it says.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sqlparser::parser::ParserError;

use super::error::{self, Place};
use super::unit_test::UnitTest;
use super::yaml::{self, Text};
use super::{DataTest, ModelError, declared, references};
use crate::{Dialect, PARTITION_COLUMN, PartitionDate, compile};

/// How a model is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A replica table into whose partitions a dump is merged by id; only Daybook's own.
    Incremental,
    /// A table of which whole partitions are rebuilt.
    ReplacePartition,
    /// A table without partitions, rebuilt as a whole by every close that builds anything.
    Table,
    /// Not stored: computed when it is read.
    View,
}

impl Kind {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incremental => "incremental",
            Self::ReplacePartition => "replace_partition",
            Self::Table => "table",
            Self::View => "view",
        }
    }
}

/// Which dates of a [`Kind::ReplacePartition`] model a run rebuilds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The dates whose orders, lines, payments or products of variants changed.
    Orders,
    /// The same without payments.
    Sales,
    /// The dates that are closed now, and those whose catalogue changed.
    Catalogue,
    /// The dates of variants' versions that changed and of the versions that follow them, and those of the catalogue.
    Versions,
}

impl Feed {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Sales => "sales",
            Self::Catalogue => "catalogue",
            Self::Versions => "versions",
        }
    }

    /// Whether a model that this feeds keeps up with what `read` feeds. With sales, it takes from orders only what
    /// payments do not change.
    pub(super) const fn follows(self, read: Self) -> bool {
        match self {
            Self::Orders | Self::Sales => matches!(read, Self::Orders | Self::Sales),
            Self::Catalogue => matches!(read, Self::Catalogue),
            Self::Versions => matches!(read, Self::Catalogue | Self::Versions),
        }
    }
}

/// The type of a column; all back ends have each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    /// UTF-8 text.
    String,
    /// A 32-bit integer.
    Integer,
    /// A 64-bit integer.
    Bigint,
    /// A 64-bit floating-point number.
    Double,
    /// True or false.
    Boolean,
    /// A calendar date.
    Date,
    /// A timestamp without time zone, in UTC, to the microsecond.
    Timestamp,
}

impl DataType {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Bigint => "bigint",
            Self::Double => "double",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }
}

/// A column of a model or source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// The name.
    pub name: String,
    /// The type.
    pub data_type: DataType,
    /// What it holds, for people.
    pub description: String,
    /// Whether a value may be absent; every other column of a stored model is tested to have none.
    pub nullable: bool,
}

/// Who wrote a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It ships with Daybook.
    Shipped,
    /// The user added it.
    Added,
    /// The user's takes the place of one that ships.
    Overridden,
}

impl Origin {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Added => "added",
            Self::Overridden => "overridden",
        }
    }
}

/// A model: one SQL file and the YAML beside it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The name of the table or view: the SQL file's stem.
    pub name: String,
    /// The SQL file, as a person finds it.
    pub file: String,
    /// The YAML file, likewise.
    pub yaml_file: String,
    /// Who wrote it.
    pub origin: Origin,
    /// The SQL; its only variables are `:dates` and `:lookback_dates`.
    pub sql: String,
    /// What it is, for people.
    pub description: String,
    /// Who answers for it, for people.
    pub owner: Option<String>,
    /// How it is kept.
    pub kind: Kind,
    /// Which dates a run rebuilds; set exactly for [`Kind::ReplacePartition`].
    pub feed: Option<Feed>,
    /// How many days before a date its rows also depend on: a date that is rebuilt rebuilds as many closed days after
    /// it. Such a model is built for closed dates only.
    pub lookback_days: u32,
    /// What one row is, for people.
    pub grain: String,
    /// The columns by which a row is unique; tested in stored models.
    pub key: Vec<String>,
    /// The order of rows within a partition.
    pub sort: Vec<String>,
    /// Columns of scattered values that are looked up one by one, such as ids that the table is not sorted by.
    pub lookups: Vec<String>,
    /// The columns, in order.
    pub columns: Vec<ColumnSpec>,
    /// What must hold of its rows.
    pub data_tests: Vec<DataTest>,
    /// Worked examples.
    pub unit_tests: Vec<UnitTest>,
    /// The relations that the SQL reads, itself excluded, and the first line of each.
    pub reads: BTreeMap<String, u64>,
    /// The common table expressions, and the line of each.
    pub(super) defines: BTreeMap<String, u64>,
    /// The query without comments, in one way of writing.
    pub(super) normalized: String,
}

/// A model's two files, and where they lie.
pub(super) struct Files<'a> {
    pub(super) name: &'a str,
    pub(super) file: String,
    pub(super) sql: &'a str,
    pub(super) yaml_file: String,
    pub(super) yaml: &'a str,
}

impl Model {
    pub(super) fn parse(files: &Files<'_>, origin: Origin) -> Result<Self, ModelError> {
        let definition: yaml::Definition =
            serde_saphyr::from_str(files.yaml).map_err(|found| error::yaml(&files.yaml_file, &found))?;
        let mut parsed = references::parse(&files.file, files.sql)?;
        // an incremental model reads its own previous state; that is no dependency
        if definition.kind.value == Kind::Incremental {
            parsed.reads.remove(files.name);
        }
        compile::compile(files.sql, &BTreeSet::new(), Dialect::Delta)
            .map_err(|found| error::sql(&files.file, &found))?;
        let place = |text: &Text| Place::line(&files.yaml_file, text.referenced.line());
        let columns = columns(&files.yaml_file, &definition.columns)?;
        for name in definition.key.iter().chain(&definition.sort).chain(&definition.lookups) {
            declared::column(&columns, name).map_err(|problem| place(name).wrong(problem))?;
        }
        for (text, what) in [(&definition.description, "description"), (&definition.grain, "grain")] {
            declared::not_empty(text, what).map_err(|problem| place(text).wrong(problem))?;
        }
        check_kind(&files.yaml_file, &definition, &columns)?;
        check_variables(files, &definition)?;
        let names = |texts: &[Text]| texts.iter().map(|text| text.value.clone()).collect::<Vec<_>>();
        Ok(Self {
            name: files.name.to_owned(),
            file: files.file.clone(),
            yaml_file: files.yaml_file.clone(),
            origin,
            sql: files.sql.to_owned(),
            description: definition.description.value.clone(),
            owner: definition.owner.clone(),
            kind: definition.kind.value,
            feed: definition.feed.as_ref().map(|feed| feed.value),
            lookback_days: definition.lookback_days.as_ref().map_or(0, |days| days.value),
            grain: definition.grain.value.clone(),
            key: names(&definition.key),
            sort: names(&definition.sort),
            lookups: names(&definition.lookups),
            data_tests: declared::data_tests(&files.yaml_file, &definition, &columns)?,
            unit_tests: definition
                .unit_tests
                .iter()
                .map(|test| UnitTest::new(&files.yaml_file, test, &columns))
                .collect::<Result<_, _>>()?,
            columns,
            reads: parsed.reads,
            defines: parsed.defines,
            normalized: parsed.normalized,
        })
    }

    /// Whether rows of this model are stored.
    pub fn is_stored(&self) -> bool {
        self.kind != Kind::View
    }

    /// Whether rows of single business dates can be looked at by themselves.
    pub fn is_dated(&self) -> bool {
        self.kind != Kind::Table && self.columns.iter().any(|column| column.name == PARTITION_COLUMN)
    }

    /// Whether it is a table whose rows lie apart by business date.
    pub fn is_partitioned(&self) -> bool {
        matches!(self.kind, Kind::Incremental | Kind::ReplacePartition)
    }

    /// Whether it is a table that can be built again from others.
    pub fn is_rebuildable(&self) -> bool {
        matches!(self.kind, Kind::ReplacePartition | Kind::Table)
    }

    /// The SQL for `dates` in `dialect`.
    ///
    /// # Errors
    /// When `dialect` cannot say in the same meaning what the SQL says; none for [`Dialect::Delta`], in which the SQL of
    /// a registry's models has been compiled before.
    pub fn compile(&self, dates: &BTreeSet<PartitionDate>, dialect: Dialect) -> Result<String, ParserError> {
        compile::with_lookback(&self.sql, dates, self.lookback_days, dialect)
    }
}

/// The columns as declared in `file`, each once and with a description.
pub(super) fn columns(file: &str, declared: &[yaml::Column]) -> Result<Vec<ColumnSpec>, ModelError> {
    let mut names = BTreeSet::new();
    let column = |column: &yaml::Column| {
        let place = Place::line(file, column.name.referenced.line());
        declared::not_empty(&column.description, "description")
            .map_err(|_| place.wrong(format!("column '{}' has no description", column.name.value)))?;
        if !names.insert(column.name.value.clone()) {
            return Err(place.wrong(format!("column '{}' is declared twice", column.name.value)));
        }
        Ok(ColumnSpec {
            name: column.name.value.clone(),
            data_type: column.data_type,
            description: column.description.value.clone(),
            nullable: column.nullable,
        })
    };
    declared.iter().map(column).collect()
}

fn check_kind(file: &str, definition: &yaml::Definition, columns: &[ColumnSpec]) -> Result<(), ModelError> {
    let kind = Place::line(file, definition.kind.referenced.line());
    let is_dated = columns.iter().any(|column| column.name == PARTITION_COLUMN);
    match (definition.kind.value, &definition.feed, &definition.lookback_days) {
        (Kind::ReplacePartition, None, _) => Err(kind
            .wrong("kind replace_partition needs 'feed', which says when a date is rebuilt: orders, sales, catalogue or versions")),
        (Kind::Incremental | Kind::Table | Kind::View, Some(feed), _) => Err(Place::line(file, feed.referenced.line())
            .wrong("'feed' is only for kind replace_partition")),
        (Kind::Incremental | Kind::Table | Kind::View, None, Some(days)) => Err(Place::line(file, days.referenced.line())
            .wrong("'lookback_days' is only for kind replace_partition")),
        (Kind::Incremental | Kind::ReplacePartition, _, _) if !is_dated => {
            Err(kind.wrong("a model of this kind needs a column 'partition_date'"))
        }
        _ => Ok(()),
    }
}

/// Only what is built by dates can ask for them.
fn check_variables(files: &Files<'_>, definition: &yaml::Definition) -> Result<(), ModelError> {
    let compiled = |dates| {
        compile::compile(files.sql, &dates, Dialect::Delta).map_err(|found| error::sql(&files.file, &found))
    };
    let kind = definition.kind.value;
    let some_date = BTreeSet::from([PartitionDate::new(chrono::NaiveDate::default())]);
    let asks_for_dates = compiled(some_date)? != compiled(BTreeSet::new())?;
    let is_built_by_dates = matches!(kind, Kind::Incremental | Kind::ReplacePartition);
    let kind = kind.name();
    let problem = match (is_built_by_dates, asks_for_dates) {
        (false, true) => {
            format!("kind {kind} is not built by dates, so its SQL cannot ask for :dates or :lookback_dates")
        }
        // that the replica's own kind is for nobody else is said elsewhere
        (true, false) if definition.kind.value == Kind::ReplacePartition => {
            format!(
                "kind {kind} is built by dates, so its SQL must ask for them: where partition_date in (:dates)"
            )
        }
        _ => return Ok(()),
    };
    Err(Place::line(&files.yaml_file, definition.kind.referenced.line()).wrong(problem))
}
