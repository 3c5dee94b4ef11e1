//! Names and texts in SQL.

use std::fmt;
use std::str::FromStr;

use crate::SnowflakeError;

/// Snowflake's longest name.
const LONGEST: usize = 255;

/// A name that needs no thought: letters, digits and `_`, not beginning with a digit.
///
/// It is written in quotation marks and upper case, which is the name that Snowflake understands when it is written
/// without: a reserved word may be a name, and models' SQL needs no quotation marks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl FromStr for Name {
    type Err = SnowflakeError;

    fn from_str(given: &str) -> Result<Self, SnowflakeError> {
        let usual = given.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let begins_with_digit = given.starts_with(|c: char| c.is_ascii_digit());
        if given.is_empty() || given.len() > LONGEST || !usual || begins_with_digit {
            return Err(SnowflakeError::Request(format!(
                "`{}` cannot be a name: letters, digits and _ can, at most {LONGEST}, and no digit first",
                given.escape_debug()
            )));
        }
        Ok(Self(given.to_ascii_uppercase()))
    }
}

impl Name {
    /// The name as `show` shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0)
    }
}

/// Where a table or a stage is: database, schema and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The database.
    pub database: Name,
    /// The schema.
    pub schema: Name,
    /// The table's or stage's name.
    pub name: Name,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.database, self.schema, self.name)
    }
}

/// A text in SQL. Snowflake takes a backslash for the beginning of an escape.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Things with commas between them.
pub fn list<T: ToString>(things: impl IntoIterator<Item = T>) -> String {
    things.into_iter().map(|thing| thing.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_it_is_without_quotation_marks() {
        let name = |given: &str| given.parse::<Name>().unwrap().to_string();
        assert_eq!(name("order_lines"), "\"ORDER_LINES\"");
        assert_eq!(name("_Orders2"), "\"_ORDERS2\"");
    }

    #[test]
    fn what_could_end_a_name_is_none() {
        let long = "a".repeat(256);
        for given in ["", "2nd", "a b", "a\"b", "a.b", "a;drop", "ä", "a-b", "a$b", long.as_str()] {
            assert!(given.parse::<Name>().is_err(), "{given}");
        }
    }

    #[test]
    fn a_text_cannot_end_itself() {
        assert_eq!(literal(r"it's \' \"), r"'it''s \\'' \\'");
    }
}
