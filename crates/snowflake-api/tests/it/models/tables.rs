//! The tables and views of the models.

use daybook_model::{ColumnSpec, DataType, Model, TestRow};
use daybook_snowflake_api::Script;
use daybook_snowflake_api::statements::{Column, ColumnType, Name, Place, create_table};

use crate::support::World;

/// The tables and views of a world's database, which one request makes.
pub(super) struct Tables<'a> {
    world: &'a World,
    statements: Vec<String>,
}

impl<'a> Tables<'a> {
    pub(super) fn of(world: &'a World) -> Self {
        Self { world, statements: Vec::new() }
    }

    /// A table of `rows`, in which everything may be absent.
    pub(super) fn table(&mut self, table: &str, columns: &[&ColumnSpec], rows: &[TestRow]) {
        let made: Vec<_> = columns.iter().map(|column| nullable(column)).collect();
        self.statements.push(create_table(&self.place(table), &made));
        let row = |row: &TestRow| {
            let values = columns.iter().map(|column| literal(row.get(&column.name).cloned().flatten()));
            format!("({})", values.collect::<Vec<_>>().join(", "))
        };
        if !rows.is_empty() {
            let rows: Vec<_> = rows.iter().map(row).collect();
            self.statements.push(format!("insert into {} values {}", self.place(table), rows.join(", ")));
        }
    }

    /// A view of a model's SQL.
    pub(super) fn view(&mut self, model: &Model, sql: &str) {
        self.statements.push(format!("create view {} as {sql}", self.place(&model.name)));
    }

    /// Adds what a query gives to a table that has `columns`.
    pub(super) fn insert(&mut self, table: &str, columns: &[&ColumnSpec], sql: &str) {
        let columns = names(columns);
        let insert = format!("insert into {} ({columns}) select {columns} from ({sql})", self.place(table));
        self.statements.push(insert);
    }

    /// Makes them all.
    pub(super) async fn make(self) {
        self.world.client.execute_script(&Script::new(self.statements)).await.unwrap();
    }

    fn place(&self, table: &str) -> Place {
        Place { database: name(self.world.server.database()), schema: name("public"), name: name(table) }
    }
}

/// The columns' names in SQL.
pub(super) fn names(columns: &[&ColumnSpec]) -> String {
    columns.iter().map(|column| name(&column.name).to_string()).collect::<Vec<_>>().join(", ")
}

fn name(name: &str) -> Name {
    name.parse().unwrap()
}

fn literal(text: Option<String>) -> String {
    text.map_or("null".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
}

fn nullable(column: &ColumnSpec) -> Column {
    let column_type = match column.data_type {
        DataType::String => ColumnType::Text,
        DataType::Integer => ColumnType::Integer,
        DataType::Bigint => ColumnType::Bigint,
        DataType::Double => ColumnType::Double,
        DataType::Boolean => ColumnType::Boolean,
        DataType::Date => ColumnType::Date,
        DataType::Timestamp => ColumnType::Timestamp,
    };
    Column { name: name(&column.name), column_type, is_nullable: true }
}
