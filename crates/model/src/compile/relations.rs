//! Reading relations from other places than the SQL says.

use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, ObjectNamePart, VisitorMut};
use sqlparser::dialect::SnowflakeDialect;
use sqlparser::parser::{Parser, ParserError, ParserOptions};

use super::{rewrite, written};

/// Compiled SQL for Snowflake, in which `place` says of the path of each relation where it is instead, if it is
/// elsewhere. Names are as Snowflake has them, in upper case.
///
/// # Errors
/// The parser's error when `sql` is not SQL.
pub fn relocate(sql: &str, place: impl FnMut(&[&str]) -> Option<Vec<String>>) -> Result<String, ParserError> {
    // texts stay as they are written, with their escapes
    let options = ParserOptions::new().with_unescape(false);
    let mut statements =
        Parser::new(&SnowflakeDialect {}).with_options(options).try_with_sql(sql)?.parse_statements()?;
    rewrite(&mut statements, &mut Relocation(place))?;
    Ok(written(&statements))
}

struct Relocation<F>(F);

impl<F: FnMut(&[&str]) -> Option<Vec<String>>> VisitorMut for Relocation<F> {
    type Break = ParserError;

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<ParserError> {
        let names = relation.0.iter().filter_map(ObjectNamePart::as_ident);
        let path: Vec<_> = names.map(|name| name.value.as_str()).collect();
        if let Some(elsewhere) = (self.0)(&path) {
            *relation = ObjectName::from(
                elsewhere.into_iter().map(|name| Ident::with_quote('"', name)).collect::<Vec<_>>(),
            );
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Dialect, compile};
    use super::*;

    #[test]
    fn relations_are_read_from_elsewhere_and_texts_stay() {
        let sql = r"select 'published.a, it''s \ ' as p from published.orders as a where exists (select 1 from lines)";
        let compiled = compile(sql, &BTreeSet::new(), Dialect::Snowflake).expect("compiles");
        let relocated = relocate(&compiled, |path| match path {
            ["PUBLISHED", name] => Some(vec!["BOOKS".to_owned(), (*name).to_owned()]),
            ["LINES"] => Some(vec!["LINES_BEFORE".to_owned()]),
            _ => None,
        });
        insta::assert_snapshot!(relocated.expect("relocates"), @r#"SELECT 'published.a, it''s \\ ' AS "P" FROM "BOOKS"."ORDERS" AS "A" WHERE EXISTS (SELECT 1 FROM "LINES_BEFORE")"#);
    }
}
