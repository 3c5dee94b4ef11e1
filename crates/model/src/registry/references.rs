//! What a model's SQL reads, and whether it is one query.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use sqlparser::ast::{Ident, ObjectName, Query, Spanned, Statement, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::ModelError;
use super::error::{self, Place};

/// A parsed query.
pub(super) struct Parsed {
    /// The relations that it reads, and the first line of each; its own common table expressions left out.
    pub(super) reads: BTreeMap<String, u64>,
    /// Its common table expressions, and the line of each.
    pub(super) defines: BTreeMap<String, u64>,
    /// The query without comments, in one way of writing.
    pub(super) normalized: String,
}

#[derive(Default)]
struct Relations {
    read: BTreeMap<String, u64>,
    defined: BTreeMap<String, u64>,
    qualified: Option<(String, u64)>,
}

impl Visitor for Relations {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = &cte.alias.name;
            self.defined.entry(folded(name)).or_insert(name.span.start.line);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let line = relation.span().start.line;
        match relation.0.as_slice() {
            [part] => {
                if let Some(name) = part.as_ident() {
                    self.read.entry(folded(name)).or_insert(line);
                }
            }
            _ => self.qualified = Some((relation.to_string(), line)),
        }
        ControlFlow::Continue(())
    }
}

/// The name that an identifier means: as written in quotes, else in lower case.
pub(super) fn folded(name: &Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

/// Parses the SQL of `file`.
pub(super) fn parse(file: &str, sql: &str) -> Result<Parsed, ModelError> {
    if let Some(line) = sql.lines().position(|line| line.contains("{{") || line.contains("{%")) {
        let place = Place::line(file, line as u64 + 1);
        return Err(
            place.wrong("there is no templating here: write the name of what it reads, without {{ }}")
        );
    }
    let statements = Parser::parse_sql(&GenericDialect {}, sql).map_err(|found| error::sql(file, &found))?;
    let [statement @ Statement::Query(_)] = statements.as_slice() else {
        return Err(Place::file(file).wrong("must hold exactly one query"));
    };
    let mut relations = Relations::default();
    // breaking off early never happens: every visit continues
    let _ = statement.visit(&mut relations);
    let Relations { mut read, defined, qualified } = relations;
    if let Some((name, line)) = qualified {
        return Err(Place::line(file, line).wrong(format!("reads '{name}': write the name without a schema")));
    }
    read.retain(|name, _| !defined.contains_key(name));
    Ok(Parsed { reads: read, defines: defined, normalized: statement.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_table_expressions_are_not_references() {
        let sql = r#"with recent as (select a from Orders where d in (:dates))
            select recent.a from recent left join "transaction" as t on t.a = recent.a
            where not exists (select 1 from product)"#;
        let read = parse("a.sql", sql).expect("valid SQL").reads;
        let expected = [("orders", 1), ("product", 3), ("transaction", 2)];
        assert_eq!(
            read.into_iter().collect::<Vec<_>>(),
            expected.map(|(name, line)| (name.to_owned(), line))
        );
    }

    #[test]
    fn only_one_query_without_schemas_is_a_model() {
        let wrong = |sql: &str| parse("a.sql", sql).err().expect("a mistake").to_string();
        insta::assert_snapshot!(wrong("select 1; select 2"), @"a.sql: must hold exactly one query");
        insta::assert_snapshot!(wrong("drop table orders"), @"a.sql: must hold exactly one query");
        insta::assert_snapshot!(wrong("select 1\nfrom ods.orders"), @"a.sql:2: reads 'ods.orders': write the name without a schema");
        insta::assert_snapshot!(wrong("select 1\nfrom {{ ref('orders') }}"), @"a.sql:2: there is no templating here: write the name of what it reads, without {{ }}");
        insta::assert_snapshot!(wrong("select 1\nfrom a b c"), @"a.sql:2: Expected: end of statement, found: c");
    }
}
