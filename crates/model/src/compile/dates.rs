//! The dates being built, in place of the variables that stand for them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Query, SetExpr, TypedString, Value, ValueWithSpan, VisitorMut,
};
use sqlparser::parser::ParserError;

use super::{cast, mistake};
use crate::PartitionDate;

const DATES: &str = ":dates";
const LOOKBACK_DATES: &str = ":lookback_dates";

/// Beyond this many separate ranges, a list in one enclosing range keeps the expression shallow.
const MAX_RANGES: usize = 32;

/// Replaces the variables by dates.
pub(super) struct Dates {
    dates: Stretches,
    lookback: Stretches,
}

impl Dates {
    /// `dates`, and for `:lookback_dates` also the `days` days before each of them.
    pub(super) fn of(dates: &BTreeSet<PartitionDate>, days: u32) -> Self {
        let earlier = |date: &PartitionDate| PartitionDate::range(date.minus_days(days.into()), *date);
        Self {
            dates: Stretches::of(dates.clone()),
            lookback: Stretches::of(dates.iter().flat_map(earlier).collect()),
        }
    }

    /// The dates that `expr` stands for, if it is a variable.
    fn variable(&self, expr: &Expr) -> Option<&Stretches> {
        let Expr::Value(value) = expr else { return None };
        match &value.value {
            Value::Placeholder(name) if name == DATES => Some(&self.dates),
            Value::Placeholder(name) if name == LOOKBACK_DATES => Some(&self.lookback),
            _ => None,
        }
    }
}

/// Dates, and the stretches of consecutive ones.
struct Stretches {
    dates: BTreeSet<PartitionDate>,
    ranges: Vec<(PartitionDate, PartitionDate)>,
}

impl VisitorMut for Dates {
    type Break = ParserError;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<ParserError> {
        if let Expr::InList { expr: operand, list, negated: false } = expr
            && let [item] = list.as_slice()
            && let Some(dates) = self.variable(item)
        {
            *expr = dates.contain(operand);
        }
        match expr {
            Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
                ControlFlow::Break(misplaced(value))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<ParserError> {
        if let SetExpr::Values(values) = query.body.as_mut()
            && let [row] = values.rows.as_slice()
            && let [item] = row.content.as_slice()
            && let Some(dates) = self.variable(item)
        {
            let template = row.clone();
            values.rows = dates
                .literals()
                .into_iter()
                .map(|date| {
                    let mut row = template.clone();
                    row.content = vec![date];
                    row
                })
                .collect();
        }
        ControlFlow::Continue(())
    }
}

impl Stretches {
    fn of(dates: BTreeSet<PartitionDate>) -> Self {
        Self { ranges: ranges(&dates), dates }
    }

    /// `operand` is one of the dates, said in ranges, by which partitions can be pruned.
    fn contain(&self, operand: &Expr) -> Expr {
        let (Some(first), Some(last)) = (self.dates.first(), self.dates.last()) else {
            return Expr::value(Value::Boolean(false));
        };
        if self.ranges.len() > MAX_RANGES {
            let list =
                Expr::InList { expr: Box::new(operand.clone()), list: self.literals(), negated: false };
            return Expr::Nested(Box::new(binary(
                between(operand, *first, *last),
                BinaryOperator::And,
                list,
            )));
        }
        let conditions = self.ranges.iter().map(|(first, last)| between(operand, *first, *last));
        let any = conditions.reduce(|left, right| binary(left, BinaryOperator::Or, right));
        any.map_or(Expr::value(Value::Boolean(false)), |any| Expr::Nested(Box::new(any)))
    }

    /// The dates; without any, one that is null, which no date equals.
    fn literals(&self) -> Vec<Expr> {
        if self.dates.is_empty() {
            return vec![cast(Expr::value(Value::Null), DataType::Date)];
        }
        self.dates.iter().copied().map(literal).collect()
    }
}

fn misplaced(value: &ValueWithSpan) -> ParserError {
    let problem = format!(
        "{value} cannot stand here: write `x in ({DATES})` or `values ({DATES})`, or the same with {LOOKBACK_DATES}"
    );
    mistake(value.span, &problem)
}

fn literal(date: PartitionDate) -> Expr {
    Expr::TypedString(TypedString {
        data_type: DataType::Date,
        value: Value::SingleQuotedString(date.to_string()).into(),
        uses_odbc_syntax: false,
    })
}

fn between(operand: &Expr, first: PartitionDate, last: PartitionDate) -> Expr {
    Expr::Between {
        expr: Box::new(operand.clone()),
        negated: false,
        low: Box::new(literal(first)),
        high: Box::new(literal(last)),
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// The stretches of consecutive dates, each as its first and last.
fn ranges(dates: &BTreeSet<PartitionDate>) -> Vec<(PartitionDate, PartitionDate)> {
    let mut ranges: Vec<(PartitionDate, PartitionDate)> = Vec::new();
    for date in dates {
        match ranges.last_mut() {
            Some((_, last)) if last.next() == *date => *last = *date,
            _ => ranges.push((*date, *date)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, with_lookback};
    use super::*;

    fn compile(sql: &str, dates: &BTreeSet<PartitionDate>) -> Result<String, ParserError> {
        super::super::compile(sql, dates, Dialect::Delta)
    }

    fn dates(texts: &[&str]) -> BTreeSet<PartitionDate> {
        texts.iter().map(|text| text.parse().expect("a test's own date")).collect()
    }

    #[test]
    fn dates_become_ranges() {
        let sql = "select a from orders as o where o.partition_date in (:dates)";
        let compiled = compile(sql, &dates(&["2011-01-31", "2011-02-01", "2011-02-05"])).expect("compiles");
        insta::assert_snapshot!(compiled, @"SELECT a FROM orders AS o WHERE (o.partition_date BETWEEN DATE '2011-01-31' AND DATE '2011-02-01' OR o.partition_date BETWEEN DATE '2011-02-05' AND DATE '2011-02-05')");
    }

    #[test]
    fn dates_become_rows() {
        let sql = "select d.partition_date from (values (:dates)) as d (partition_date)";
        let compiled = compile(sql, &dates(&["2011-01-31", "2011-02-05"])).expect("compiles");
        insta::assert_snapshot!(compiled, @"SELECT d.partition_date FROM (VALUES (DATE '2011-01-31'), (DATE '2011-02-05')) AS d (partition_date)");
    }

    #[test]
    fn many_scattered_dates_stay_shallow() {
        let scattered: BTreeSet<_> =
            PartitionDate::range("2011-01-01".parse().expect("date"), "2011-03-31".parse().expect("date"))
                .step_by(2)
                .collect();
        let compiled = compile("select 1 from t where d in (:dates)", &scattered).expect("compiles");
        assert!(
            compiled
                .contains("d BETWEEN DATE '2011-01-01' AND DATE '2011-03-30' AND d IN (DATE '2011-01-01',")
        );
    }

    #[test]
    fn no_dates_match_nothing() {
        let compiled = compile("select 1 from t where d in (:dates)", &BTreeSet::new()).expect("compiles");
        insta::assert_snapshot!(compiled, @"SELECT 1 FROM t WHERE false");
        let compiled =
            compile("select d from (values (:dates)) as d (d)", &BTreeSet::new()).expect("compiles");
        insta::assert_snapshot!(compiled, @"SELECT d FROM (VALUES (CAST(NULL AS DATE))) AS d (d)");
    }

    #[test]
    fn lookback_dates_reach_back_from_each_date() {
        let sql = "select a from t where d in (:lookback_dates)";
        let compiled =
            with_lookback(sql, &dates(&["2011-02-05", "2011-02-06"]), 3, Dialect::Delta).expect("compiles");
        insta::assert_snapshot!(compiled, @"SELECT a FROM t WHERE (d BETWEEN DATE '2011-02-02' AND DATE '2011-02-06')");
    }

    #[test]
    fn a_variable_elsewhere_is_a_mistake_with_its_line() {
        let wrong = |sql| compile(sql, &dates(&["2011-02-05"])).expect_err("a mistake").to_string();
        insta::assert_snapshot!(wrong("select 1 from t\nwhere d = :dates"), @"sql parser error: :dates cannot stand here: write `x in (:dates)` or `values (:dates)`, or the same with :lookback_dates at Line: 2, Column: 11");
        insta::assert_snapshot!(wrong("select 1 from t where d in (:date)"), @"sql parser error: :date cannot stand here: write `x in (:dates)` or `values (:dates)`, or the same with :lookback_dates at Line: 1, Column: 29");
    }
}
