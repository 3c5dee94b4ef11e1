//! Functions that Snowflake has by the same name and that do something else there.

use sqlparser::ast::helpers::attached_token::AttachedToken;
use sqlparser::ast::{
    CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments, Ident,
    Spanned, Value, WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};
use sqlparser::parser::ParserError;

use super::expressions::double;
use super::say_nulls;
use crate::compile::{cast, mistake};

/// What Snowflake calls what DataFusion does under the first name.
const RENAMED: [(&str, &str); 2] = [("greatest", "greatest_ignore_nulls"), ("least", "least_ignore_nulls")];

/// What has no simple counterpart, why, and what to write instead.
const DIFFERENT: [(&str, &str); 9] = [
    ("concat", "gives null for any null in Snowflake: write a || b, and coalesce(a, '')"),
    ("concat_ws", "gives null for any null in Snowflake: write a || b, and coalesce(a, '')"),
    ("date_part", "cuts off parts of seconds in Snowflake: write extract(… from …)"),
    (
        "random",
        "gives integers of 64 bits in Snowflake: a model gives the same rows each time, so do without",
    ),
    ("regexp_like", "must match the whole text in Snowflake: write like"),
    ("regexp_replace", "replaces every match in Snowflake, not only the first: write replace"),
    ("to_char", "has other formats in Snowflake: write extract(… from …)"),
    ("to_date", "has other formats in Snowflake: write cast(… as date)"),
    ("to_timestamp", "has other formats in Snowflake: write cast(… as timestamp)"),
];

/// Aggregates to which a null is nothing, so that a filter can make one of what it leaves out.
const SKIPPING_NULLS: [&str; 5] = ["avg", "count", "max", "min", "sum"];

/// Functions whose window, when its frame is not said, is all of the partition in Snowflake.
const OF_FRAMES: [&str; 3] = ["first_value", "last_value", "nth_value"];

pub(super) fn rewrite(function: &mut Function) -> Result<(), ParserError> {
    let name = name(function);
    if let Some((_, problem)) = DIFFERENT.iter().find(|(different, _)| *different == name) {
        return Err(mistake(function.name.span(), &format!("{name} {problem}")));
    }
    if let Some((_, other)) = RENAMED.iter().find(|(here, _)| *here == name) {
        function.name = Ident::new(*other).into();
    }
    if let Some(condition) = function.filter.take() {
        if !SKIPPING_NULLS.contains(&name.as_str()) {
            let problem = format!("{name} cannot have a filter in Snowflake: filter the rows before");
            return Err(mistake(function.name.span(), &problem));
        }
        change_argument(function, |value| when(*condition, value));
    }
    if let FunctionArguments::List(list) = &mut function.args {
        for clause in &mut list.clauses {
            if let FunctionArgumentClause::OrderBy(order) = clause {
                say_nulls(order);
            }
        }
    }
    if name == "avg" {
        change_argument(function, |value| cast(value, double()));
    }
    if let Some(WindowType::WindowSpec(window)) = &mut function.over
        && OF_FRAMES.contains(&name.as_str())
    {
        say_frame(window);
    }
    Ok(())
}

/// Whether it gives a floating-point number, whatever it is given.
pub(super) fn is_double(function: &Function) -> bool {
    name(function) == "avg"
}

fn name(function: &Function) -> String {
    function.name.to_string().to_ascii_lowercase()
}

/// Puts another value in the place of the first one that the function is given; `*` stands for any that is not null.
fn change_argument(function: &mut Function, change: impl FnOnce(Expr) -> Expr) {
    let FunctionArguments::List(list) = &mut function.args else { return };
    if let Some(FunctionArg::Unnamed(argument)) = list.args.first_mut() {
        let value = match argument {
            FunctionArgExpr::Expr(value) => value.clone(),
            _ => Expr::value(Value::Number("1".to_owned(), false)),
        };
        *argument = FunctionArgExpr::Expr(change(value));
    }
}

fn when(condition: Expr, value: Expr) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result: value }],
        else_result: None,
    }
}

/// Says what DataFusion takes for granted of a window in an order.
fn say_frame(window: &mut WindowSpec) {
    if !window.order_by.is_empty() {
        window.window_frame.get_or_insert(WindowFrame {
            units: WindowFrameUnits::Range,
            start_bound: WindowFrameBound::Preceding(None),
            end_bound: Some(WindowFrameBound::CurrentRow),
        });
    }
}
