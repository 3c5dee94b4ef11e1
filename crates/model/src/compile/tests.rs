//! The SQL of every shipped model, in every dialect.

use std::collections::BTreeSet;

use sqlparser::ast::Statement;
use sqlparser::dialect::{Dialect as Grammar, GenericDialect, SnowflakeDialect};
use sqlparser::parser::Parser;

use super::Dialect;
use crate::{PartitionDate, Registry};

#[test]
fn every_shipped_model_compiles_in_every_dialect() {
    let registry = Registry::shipped().expect("shipped models");
    let dates: BTreeSet<PartitionDate> =
        ["2011-01-31", "2011-02-01", "2011-02-05"].map(|date| date.parse().expect("date")).into();
    for model in registry.models() {
        let written = |dialect, grammar: &dyn Grammar| {
            indented(&model.compile(&dates, dialect).expect("compiles"), grammar)
        };
        let delta = written(Dialect::Delta, &GenericDialect {});
        let snowflake = written(Dialect::Snowflake, &SnowflakeDialect {});
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(
                model.name.as_str(),
                format!("-- delta\n{delta}\n\n-- snowflake\n{snowflake}")
            );
        });
    }
}

/// The same SQL in lines that a person can compare.
fn indented(sql: &str, grammar: &dyn Grammar) -> String {
    let statements = Parser::parse_sql(grammar, sql).expect("its own dialect");
    let [statement @ Statement::Query(_)] = statements.as_slice() else { panic!("one query: {sql}") };
    assert_eq!(statement.to_string(), sql, "it is understood as it was meant");
    format!("{statement:#}")
}
