//! One model: its SQL and what the YAML beside it says.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{ModelError, references};

/// How a model is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A replica table into whose partitions a dump is merged by id.
    Incremental,
    /// A table of which whole partitions are rebuilt.
    ReplacePartition,
    /// Not stored: computed when it is read.
    View,
}

/// Which dates of a [`Kind::ReplacePartition`] model a run rebuilds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feed {
    /// The dates whose orders, lines, payments or products of variants changed.
    Orders,
    /// The dates that are closed now, and those whose catalogue changed.
    Catalogue,
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

/// A column of a model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSpec {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// What it holds, for people.
    pub description: String,
    /// Whether a value may be absent; every other column of a stored model is audited to have none.
    #[serde(default)]
    pub nullable: bool,
}

/// A model: one SQL file and the YAML beside it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The name of the table or view: the SQL file's stem.
    pub name: String,
    /// The SQL file, below `models/`.
    pub file: String,
    /// The SQL; its only variable is `:dates`.
    pub sql: String,
    /// What it is, for people.
    pub description: String,
    /// How it is kept.
    pub kind: Kind,
    /// Which dates a run rebuilds; set exactly for [`Kind::ReplacePartition`].
    pub feed: Option<Feed>,
    /// What one row is, for people.
    pub grain: String,
    /// The columns by which a row is unique; audited in stored models.
    pub key: Vec<String>,
    /// The order of rows within a partition.
    pub sort: Vec<String>,
    /// Columns of scattered values that are looked up one by one, such as ids that the table is not sorted by.
    pub lookups: Vec<String>,
    /// The columns, in order.
    pub columns: Vec<ColumnSpec>,
    /// The relations that the SQL reads, itself excluded.
    pub reads: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    description: String,
    kind: Kind,
    feed: Option<Feed>,
    grain: String,
    #[serde(default)]
    key: Vec<String>,
    #[serde(default)]
    sort: Vec<String>,
    #[serde(default)]
    lookups: Vec<String>,
    columns: Vec<ColumnSpec>,
}

impl Model {
    pub(super) fn parse(file: &str, sql: &str, yaml_file: &str, yaml: &str) -> Result<Self, ModelError> {
        let definition: Definition = serde_norway::from_str(yaml)
            .map_err(|source| ModelError::Definition { file: yaml_file.to_owned(), source })?;
        let stem = file.trim_end_matches(".sql");
        let name = stem.rsplit('/').next().unwrap_or(stem).to_owned();
        let mut reads =
            references::of(sql).map_err(|source| ModelError::Sql { file: file.to_owned(), source })?;
        // an incremental model reads its own previous state; that is no dependency
        if definition.kind == Kind::Incremental {
            reads.remove(&name);
        }
        let model = Self {
            name,
            file: file.to_owned(),
            sql: sql.to_owned(),
            description: definition.description,
            kind: definition.kind,
            feed: definition.feed,
            grain: definition.grain,
            key: definition.key,
            sort: definition.sort,
            lookups: definition.lookups,
            columns: definition.columns,
            reads,
        };
        match model.contradiction() {
            Some(problem) => Err(ModelError::Contradiction { file: yaml_file.to_owned(), problem }),
            None => Ok(model),
        }
    }

    /// Whether rows of this model are stored.
    pub fn is_stored(&self) -> bool {
        self.kind != Kind::View
    }

    fn has_column(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.name == name)
    }

    fn contradiction(&self) -> Option<String> {
        if let Some(unknown) =
            self.key.iter().chain(&self.sort).chain(&self.lookups).find(|name| !self.has_column(name))
        {
            return Some(format!(
                "'key', 'sort' or 'lookups' names '{unknown}', which is not among the columns"
            ));
        }
        match self.kind {
            Kind::ReplacePartition if self.feed.is_none() => {
                Some("kind replace_partition needs 'feed': orders or catalogue".to_owned())
            }
            Kind::Incremental | Kind::View if self.feed.is_some() => {
                Some("'feed' is only for kind replace_partition".to_owned())
            }
            Kind::Incremental | Kind::ReplacePartition if !self.has_column("partition_date") => {
                Some("a stored model needs a column 'partition_date'".to_owned())
            }
            _ => None,
        }
    }
}
