//! Making tables and stages.

use super::names::{list, literal};
use super::{Name, Place};

/// A column of a table that is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub column_type: ColumnType,
    /// Whether a value may be absent.
    pub is_nullable: bool,
}

/// The types that Daybook's tables have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
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
    /// A timestamp without time zone, to the microsecond.
    Timestamp,
}

impl ColumnType {
    /// The type in SQL.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Text => "varchar",
            Self::Integer => "number(10, 0)",
            Self::Bigint => "number(19, 0)",
            Self::Double => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp_ntz(6)",
        }
    }
}

/// Makes a stage that shows the objects below a URL, such as `s3://bucket/prefix/`, in the place of one of its name.
///
/// An administrator has to have made the storage integration, which holds the right to read them: a stage never holds
/// keys.
pub fn create_stage(stage: &Place, url: &str, integration: &Name) -> String {
    // Without a slash at its end, the URL would also mean what only begins like it.
    let url = literal(&format!("{}/", url.trim_end_matches('/')));
    format!("create or replace stage {stage} url = {url} storage_integration = {integration}")
}

/// Makes a table for good, unless there is one of its name.
pub fn create_table(table: &Place, columns: &[Column]) -> String {
    format!("create table if not exists {table} ({})", definitions(columns))
}

/// Makes an empty table that one load fills and nobody keeps: it takes the place of what an earlier try left, and of
/// Snowflake's memory of the files which that had loaded.
pub fn create_staging(table: &Place, columns: &[Column]) -> String {
    let columns = definitions(columns);
    format!("create or replace transient table {table} ({columns}) data_retention_time_in_days = 0")
}

/// Removes a table, if there is one.
pub fn drop_table(table: &Place) -> String {
    format!("drop table if exists {table}")
}

/// Gives a table another name, which must be free.
pub fn rename_table(table: &Place, name: &Place) -> String {
    format!("alter table {table} rename to {name}")
}

/// What becomes of the rights of a view's readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grants {
    /// Who may read the view that is replaced may read the new one.
    Copy,
    /// The new view has what the schema gives to new ones.
    None,
}

/// Makes a view of a query, in the place of one of its name. Its columns have the given
/// types, whatever the query's have.
///
/// Names in the query that don't say their schema are in the view's.
pub fn create_view(view: &Place, columns: &[Column], query: &str, grants: Grants) -> String {
    let names = list(columns.iter().map(|column| &column.name));
    let typed =
        list(columns.iter().map(|column| {
            format!("cast({} as {}) as {}", column.name, column.column_type.sql(), column.name)
        }));
    let grants = match grants {
        Grants::Copy => " copy grants",
        Grants::None => "",
    };
    format!("create or replace view {view} ({names}){grants} as select {typed} from (\n{query}\n)")
}

/// Removes a view, if there is one.
pub fn drop_view(view: &Place) -> String {
    format!("drop view if exists {view}")
}

fn definitions(columns: &[Column]) -> String {
    list(columns.iter().map(|column| {
        let not_null = if column.is_nullable { "" } else { " not null" };
        format!("{} {}{not_null}", column.name, column.column_type.sql())
    }))
}
