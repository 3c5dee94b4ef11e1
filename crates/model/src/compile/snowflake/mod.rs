//! Writes what is meant in DataFusion's SQL so that Snowflake understands the same.
//!
//! Only what both would take and understand differently is rewritten, or refused where no rewriting is known; what
//! Snowflake does not know at all it refuses itself. The differences, by Snowflake's documentation:
//!
//! - names without quotation marks become upper case: see [`names`]
//! - `/` of integers gives decimals, a number with a point is a decimal, `timestamp` is what the session says, and
//!   `extract(epoch …)` gives whole seconds: see [`expressions`]
//! - an interval is text with one unit: see [`intervals`]
//! - some functions of the same name do something else: see [`functions`]
//! - a parameter of the account says whether what is null comes first, so that it is always said
//! - in a text, a backslash begins an escape
//! - what is given to a question has no number: `?`

mod expressions;
mod functions;
mod intervals;
mod names;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, NamedWindowDefinition, NamedWindowExpr, ObjectName, OrderByExpr, OrderByKind, Query, Select,
    TableFactor, Value, ValueWithSpan, VisitorMut, WindowType,
};
use sqlparser::parser::ParserError;

use super::mistake;

/// Rewrites DataFusion's SQL, whose variables are gone, into Snowflake's.
#[derive(Default)]
pub(super) struct Snowflake {
    /// How many parameters were met.
    parameters: usize,
}

impl VisitorMut for Snowflake {
    type Break = ParserError;

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<ParserError> {
        names::quote_path(relation);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<ParserError> {
        names::quote_table(table);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<ParserError> {
        names::quote_columns(select);
        for NamedWindowDefinition(_, window) in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = window {
                say_nulls(&mut window.order_by);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<ParserError> {
        names::quote_common_tables(query);
        if let Some(OrderByKind::Expressions(order)) = query.order_by.as_mut().map(|order| &mut order.kind) {
            say_nulls(order);
        }
        ControlFlow::Continue(())
    }

    // after its parts, so that what is put in its place is not rewritten again
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<ParserError> {
        match rewrite(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn post_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<ParserError> {
        match &mut value.value {
            Value::SingleQuotedString(text) => *text = text.replace('\\', "\\\\"),
            Value::Placeholder(name) => {
                self.parameters += 1;
                if *name != format!("${}", self.parameters) {
                    let problem =
                        format!("{name} cannot stand here: parameters stand once each, in their order");
                    return ControlFlow::Break(mistake(value.span, &problem));
                }
                *name = "?".to_owned();
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn rewrite(expr: &mut Expr) -> Result<(), ParserError> {
    match expr {
        Expr::Identifier(name) => names::quote(name),
        Expr::CompoundIdentifier(path) => path.iter_mut().for_each(names::quote),
        Expr::Function(function) => {
            if let Some(WindowType::WindowSpec(window)) = &mut function.over {
                say_nulls(&mut window.order_by);
            }
            say_nulls(&mut function.within_group);
            functions::rewrite(function)?;
        }
        Expr::Interval(interval) => intervals::rewrite(interval)?,
        _ => expressions::rewrite(expr)?,
    }
    Ok(())
}

/// Says what DataFusion takes for granted: what is null is greater than all else.
fn say_nulls(order: &mut [OrderByExpr]) {
    for OrderByExpr { options, .. } in order {
        let is_descending = options.asc == Some(false);
        options.nulls_first.get_or_insert(is_descending);
    }
}
