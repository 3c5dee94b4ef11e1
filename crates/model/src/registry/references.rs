//! Which relations a query reads.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, Query, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};

#[derive(Default)]
struct Relations {
    read: BTreeSet<String>,
    defined: BTreeSet<String>,
}

impl Visitor for Relations {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.defined.insert(cte.alias.name.value.clone());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let name = relation.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.clone());
        self.read.extend(name);
        ControlFlow::Continue(())
    }
}

/// The relations that `sql` reads, without its own common table expressions.
pub(super) fn of(sql: &str) -> Result<BTreeSet<String>, ParserError> {
    let statements = Parser::parse_sql(&GenericDialect {}, sql)?;
    let mut relations = Relations::default();
    // breaking off early never happens: every visit continues
    let _ = statements.visit(&mut relations);
    Ok(relations.read.difference(&relations.defined).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_table_expressions_are_not_references() {
        let sql = r#"with recent as (select a from orders where d in (:dates))
            select recent.a from recent left join "transaction" as t on t.a = recent.a
            where not exists (select 1 from product)"#;
        let read = of(sql).expect("valid SQL");
        assert_eq!(read.into_iter().collect::<Vec<_>>(), ["orders", "product", "transaction"]);
    }
}
