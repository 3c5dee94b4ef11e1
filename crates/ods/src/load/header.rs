//! A CSV file's first record: which field holds which column.

use daybook_model::contract::Table;

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
        let names = names(record).map_err(|error| refusal(file, table, &error))?;
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
            .map(|column| position(&names, column.name).map_err(|error| refusal(file, table, &error)))
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

/// The columns that a header names; the error says why it is none.
pub(crate) fn names(record: &Record<'_>) -> Result<Vec<String>, String> {
    if let Some(damage) = &record.damage {
        return Err(damage.message.clone());
    }
    let name = |index| String::from_utf8_lossy(&record.field(index)).into_owned();
    Ok((0..record.len()).map(name).collect())
}

fn is_column(table: Table, name: &str) -> bool {
    table.columns().iter().any(|column| column.name == name)
}

/// Where the one column of that name is.
pub(crate) fn position(names: &[String], column: &str) -> Result<usize, String> {
    let mut positions = names.iter().enumerate().filter(|(_, name)| *name == column);
    match (positions.next(), positions.next()) {
        (Some((position, _)), None) => Ok(position),
        (None, _) => Err(format!("its header lacks the column '{column}'")),
        (Some(_), Some(_)) => Err(format!("its header has the column '{column}' twice")),
    }
}

fn refusal(file: &str, table: Table, problem: &str) -> String {
    let expected: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    format!("{file} is refused: {problem}; the first line must be {}", expected.join(","))
}
