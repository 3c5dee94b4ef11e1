//! Writes CSV as RFC 4180 has it.

use chrono::NaiveDateTime;
use daybook_model::contract::Table;

/// One row, without its line end; fields with commas, quotes or line ends are quoted.
pub(crate) fn row(fields: &[&str]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| quote(field)).collect();
    quoted.join(",")
}

fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// A timestamp as batches write it.
pub(crate) fn timestamp(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A table's file: the contract's header, then the rows.
pub(crate) fn file<'a>(table: Table, rows: impl IntoIterator<Item = &'a String>) -> (String, Vec<u8>) {
    let names: Vec<&str> = table.columns().iter().map(|column| column.name).collect();
    let mut text = row(&names) + "\n";
    for line in rows {
        text.push_str(line);
        text.push('\n');
    }
    (format!("{}.csv", table.name()), text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_when_they_must_be() {
        assert_eq!(row(&["plain", "a,b", "say \"hi\"", ""]), "plain,\"a,b\",\"say \"\"hi\"\"\",");
    }
}
