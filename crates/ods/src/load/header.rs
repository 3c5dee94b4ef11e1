//! A CSV file's first record: which field holds which column.

use daybook_model::contract::{Column, Table};

use super::csv::Record;
use super::reject::Shown;

/// For each column of the contract, in its order, the field that holds it.
pub(crate) struct Header {
    fields: Vec<usize>,
}

impl Header {
    /// Finds every column by its name, in whatever order they are.
    ///
    /// The error is one line that names the file, what is wrong, and the header that is expected.
    pub(crate) fn parse(file: &str, table: Table, record: &Record<'_>) -> Result<Self, String> {
        if let Some(damage) = &record.damage {
            return Err(refusal(file, table, &damage.message));
        }
        let names: Vec<String> = (0..record.len())
            .map(|index| String::from_utf8_lossy(&record.field(index)).into_owned())
            .collect();
        if let Some(unknown) = names.iter().find(|name| !is_column(table, name)) {
            return Err(refusal(
                file,
                table,
                &format!("its header has an unknown column {}", Shown(unknown)),
            ));
        }
        let fields = table
            .columns()
            .iter()
            .map(|column| position(&names, column).map_err(|error| refusal(file, table, &error)))
            .collect::<Result<_, _>>()?;
        Ok(Self { fields })
    }

    /// The refusal of a file that has no header at all.
    pub(crate) fn absent(file: &str, table: Table) -> String {
        refusal(file, table, "it is empty")
    }

    pub(crate) fn fields(&self) -> &[usize] {
        &self.fields
    }
}

fn is_column(table: Table, name: &str) -> bool {
    table.columns().iter().any(|column| column.name == name)
}

fn position(names: &[String], column: &Column) -> Result<usize, String> {
    let mut positions = names.iter().enumerate().filter(|(_, name)| *name == column.name);
    match (positions.next(), positions.next()) {
        (Some((position, _)), None) => Ok(position),
        (None, _) => Err(format!("its header lacks the column '{}'", column.name)),
        (Some(_), Some(_)) => Err(format!("its header has the column '{}' twice", column.name)),
    }
}

fn refusal(file: &str, table: Table, problem: &str) -> String {
    let expected: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    format!("{file} is refused: {problem}; the first line must be {}", expected.join(","))
}
