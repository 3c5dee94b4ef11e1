//! Which columns each column of a model comes from, as far as its SQL says.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use serde::Serialize;
use sqlparser::ast::{
    Cte, Expr, Ident, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement,
    TableFactor, TableWithJoins, Visit, Visitor,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::references::folded;
use super::{Model, Registry};

/// A column of a model or source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ColumnReference {
    /// The model or source.
    pub relation: String,
    /// Its column.
    pub column: String,
}

/// What a column is computed from.
type Origins = BTreeSet<ColumnReference>;

/// The columns that a query or relation gives, in order.
type Columns = Vec<(String, Origins)>;

impl Registry {
    /// For each declared column of `model`, the columns of the relations that it reads from which the value is
    /// computed. What only decides which rows there are, such as a condition or a join's key, is left out.
    pub fn lineage(&self, model: &Model) -> BTreeMap<String, Origins> {
        let Ok(statements) = Parser::parse_sql(&GenericDialect {}, &model.sql) else {
            return BTreeMap::new();
        };
        let Some(Statement::Query(query)) = statements.first() else { return BTreeMap::new() };
        let found = Names { registry: self, defined: BTreeMap::new() }.query(query);
        let is_declared =
            |name: &String| model.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let mut lineage: BTreeMap<_, _> = found.into_iter().filter(|(name, _)| is_declared(name)).collect();
        // an incremental model reads its own previous state; its rows come from elsewhere
        lineage.values_mut().for_each(|origins| origins.retain(|origin| origin.relation != model.name));
        lineage
    }
}

/// What names of relations mean at a place of a query.
#[derive(Clone)]
struct Names<'a> {
    registry: &'a Registry,
    /// Common table expressions.
    defined: BTreeMap<String, Columns>,
}

impl Names<'_> {
    fn query(&self, query: &Query) -> Columns {
        let mut names = self.clone();
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let columns = names.common_table(cte);
            names.defined.insert(folded(&cte.alias.name), columns);
        }
        names.body(&query.body)
    }

    fn common_table(&self, cte: &Cte) -> Columns {
        renamed(self.query(&cte.query), cte.alias.columns.iter().map(|column| &column.name))
    }

    fn body(&self, body: &SetExpr) -> Columns {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.query(query),
            SetExpr::SetOperation { left, right, .. } => {
                let mut columns = self.body(left);
                for (column, (_, origins)) in columns.iter_mut().zip(self.body(right)) {
                    column.1.extend(origins);
                }
                columns
            }
            SetExpr::Values(values) => {
                let width = values.rows.first().map_or(0, |row| row.content.len());
                (1..=width).map(|number| (format!("column{number}"), Origins::new())).collect()
            }
            _ => Columns::new(),
        }
    }

    fn select(&self, select: &Select) -> Columns {
        let mut scope = Scope { names: self, relations: Vec::new() };
        for table in &select.from {
            scope.add(table);
        }
        select.projection.iter().flat_map(|item| scope.item(item)).collect()
    }

    fn relation(&self, name: &str) -> Columns {
        if let Some(columns) = self.defined.get(name) {
            return columns.clone();
        }
        let columns = self.registry.columns(name).unwrap_or_default();
        let own = |column: &String| ColumnReference { relation: name.to_owned(), column: column.clone() };
        columns.iter().map(|column| (column.name.clone(), Origins::from([own(&column.name)]))).collect()
    }
}

/// The relations that a `select` reads, by the names that it gives them.
struct Scope<'a> {
    names: &'a Names<'a>,
    relations: Vec<(String, Columns)>,
}

impl Scope<'_> {
    fn add(&mut self, table: &TableWithJoins) {
        self.add_factor(&table.relation);
        for join in &table.joins {
            self.add_factor(&join.relation);
        }
    }

    fn add_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                let Some(name) = name.0.last().and_then(|part| part.as_ident()).map(folded) else { return };
                let columns = self.names.relation(&name);
                let shown = alias.as_ref().map_or(name, |alias| folded(&alias.name));
                self.relations.push((shown, columns));
            }
            TableFactor::Derived { subquery, alias: Some(alias), .. } => {
                let named = alias.columns.iter().map(|column| &column.name);
                let columns = renamed(self.names.query(subquery), named);
                self.relations.push((folded(&alias.name), columns));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => self.add(table_with_joins),
            _ => {}
        }
    }

    fn item(&self, item: &SelectItem) -> Columns {
        match item {
            SelectItem::ExprWithAlias { expr, alias } => vec![(folded(alias), self.origins(expr))],
            SelectItem::UnnamedExpr(expr) => {
                let name = match expr {
                    Expr::Identifier(name) => folded(name),
                    Expr::CompoundIdentifier(path) => path.last().map(folded).unwrap_or_default(),
                    other => other.to_string(),
                };
                vec![(name, self.origins(expr))]
            }
            SelectItem::Wildcard(_) => {
                self.relations.iter().flat_map(|(_, columns)| columns.clone()).collect()
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let name = name.0.last().and_then(|part| part.as_ident()).map(folded);
                let meant = self.relations.iter().find(|(shown, _)| Some(shown) == name.as_ref());
                meant.map(|(_, columns)| columns.clone()).unwrap_or_default()
            }
            _ => Columns::new(),
        }
    }

    /// What `expr` is computed from.
    fn origins(&self, expr: &Expr) -> Origins {
        let mut reader = ExpressionReader { scope: self, depth: 0, origins: Origins::new() };
        // breaking off early never happens: every visit continues
        let _ = expr.visit(&mut reader);
        reader.origins
    }

    fn column(&self, relation: Option<&Ident>, column: &Ident) -> Origins {
        let (relation, column) = (relation.map(folded), folded(column));
        let candidates =
            self.relations.iter().filter(|(shown, _)| relation.as_ref().is_none_or(|name| name == shown));
        let mut columns = candidates.flat_map(|(_, columns)| columns);
        columns.find(|(name, _)| *name == column).map(|(_, origins)| origins.clone()).unwrap_or_default()
    }
}

/// Collects what an expression's columns come from. A query within it counts with all that it gives.
struct ExpressionReader<'a> {
    scope: &'a Scope<'a>,
    depth: usize,
    origins: Origins,
}

impl Visitor for ExpressionReader<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.origins.extend(self.scope.names.query(query).into_iter().flat_map(|(_, origins)| origins));
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            match expr {
                Expr::Identifier(column) => self.origins.extend(self.scope.column(None, column)),
                Expr::CompoundIdentifier(path) => {
                    if let [relation, column] = path.as_slice() {
                        self.origins.extend(self.scope.column(Some(relation), column));
                    }
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

/// `columns` under other names, as many as are given.
fn renamed<'a>(mut columns: Columns, names: impl Iterator<Item = &'a Ident>) -> Columns {
    for (column, name) in columns.iter_mut().zip(names) {
        column.0 = folded(name);
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lineage(model: &str) -> BTreeMap<String, Vec<String>> {
        let registry = Registry::shipped().expect("shipped models");
        let model = registry.get(model).expect("a shipped model");
        let written = |origins: Origins| {
            origins.into_iter().map(|origin| format!("{}.{}", origin.relation, origin.column)).collect()
        };
        registry.lineage(model).into_iter().map(|(column, origins)| (column, written(origins))).collect()
    }

    #[test]
    fn columns_are_followed_through_common_tables_joins_unions_and_windows() {
        insta::assert_debug_snapshot!([
            lineage("dwd_orders_variant_status"),
            lineage("int_variant_product"),
            lineage("app_unmatched"),
        ]);
    }

    #[test]
    fn every_column_of_every_model_is_found_in_its_query() {
        let registry = Registry::shipped().expect("shipped models");
        for model in registry.models() {
            let lineage = registry.lineage(model);
            for column in &model.columns {
                assert!(lineage.contains_key(&column.name), "{}.{}", model.name, column.name);
            }
            let itself = lineage.values().flatten().find(|origin| origin.relation == model.name);
            assert_eq!(itself, None, "{} comes from itself, so that following it never ends", model.name);
        }
    }
}
