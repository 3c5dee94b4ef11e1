//! An optimizer rule: what bounds one side of an inequality between two tables bounds the other side, too.
//!
//! `dim_customer_orders` joins closed dates with the orders dated up to each. Of one closed date, only orders up to it
//! can be; told so, the scan of the orders leaves out the files of all later dates.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, JoinType, Result};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// Carries bounds over the inequalities of inner joins.
#[derive(Debug, Default)]
pub(super) struct BoundsAcrossJoins;

impl OptimizerRule for BoundsAcrossJoins {
    fn name(&self) -> &str {
        "bounds_across_joins"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Join(mut join) = plan else { return Ok(Transformed::no(plan)) };
        if join.join_type != JoinType::Inner {
            return Ok(Transformed::no(LogicalPlan::Join(join)));
        }
        let inequalities: Vec<Inequality> =
            join.filter.iter().flat_map(split_conjunction).filter_map(Inequality::of).collect();
        let mut changed = false;
        for inequality in inequalities {
            for side in [&inequality, &inequality.turned()] {
                changed |= side.bound(&join.left.clone(), &mut join.right)?;
                changed |= side.bound(&join.right.clone(), &mut join.left)?;
            }
        }
        let plan = LogicalPlan::Join(join);
        Ok(if changed { Transformed::yes(plan) } else { Transformed::no(plan) })
    }
}

/// `column operator other`, where the operator is one of `<`, `<=`, `>`, `>=`.
#[derive(Clone)]
struct Inequality {
    column: Column,
    operator: Operator,
    other: Column,
}

impl Inequality {
    fn of(expr: &Expr) -> Option<Self> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return None };
        let (Expr::Column(column), Expr::Column(other)) = (left.as_ref(), right.as_ref()) else {
            return None;
        };
        is_inequality(*op).then(|| Self { column: column.clone(), operator: *op, other: other.clone() })
    }

    /// The same, said the other way round.
    fn turned(&self) -> Self {
        let operator = self.operator.swap().unwrap_or(self.operator);
        Self { column: self.other.clone(), operator, other: self.column.clone() }
    }

    /// Gives `plan`, which has the column, the bound that `known` has for the other one, unless it has it already.
    fn bound(&self, known: &LogicalPlan, plan: &mut Arc<LogicalPlan>) -> Result<bool> {
        if !plan.schema().has_column(&self.column) || !known.schema().has_column(&self.other) {
            return Ok(false);
        }
        let mut changed = false;
        for limit in limits(known, &self.other.name, self.operator) {
            let bound = Expr::Column(self.column.clone());
            let bound =
                Expr::BinaryExpr(BinaryExpr::new(Box::new(bound), self.operator, Box::new(limit.clone())));
            if !limits(plan, &self.column.name, self.operator).contains(&limit) {
                let input = LogicalPlan::clone(plan);
                *plan = Arc::new(LogicalPlanBuilder::from(input).filter(bound)?.build()?);
                changed = true;
            }
        }
        Ok(changed)
    }
}

/// The constants that `plan`'s column is known to be equal to, or to be on that side of.
fn limits(plan: &LogicalPlan, column: &str, operator: Operator) -> Vec<Expr> {
    let of = |predicates: &[Expr], input: Option<&LogicalPlan>| {
        let own =
            predicates.iter().flat_map(split_conjunction).flat_map(|expr| limit(expr, column, operator));
        let mut all: Vec<Expr> = own.collect();
        all.extend(input.into_iter().flat_map(|input| limits(input, column, operator)));
        all
    };
    match plan {
        LogicalPlan::Filter(filter) => of(std::slice::from_ref(&filter.predicate), Some(&filter.input)),
        LogicalPlan::TableScan(scan) => of(&scan.filters, None),
        // both keep their columns' names, but for those that are computed or renamed
        LogicalPlan::SubqueryAlias(alias) => limits(&alias.input, column, operator),
        LogicalPlan::Projection(projection)
            if projection
                .expr
                .iter()
                .any(|expr| matches!(expr, Expr::Column(kept) if kept.name == column)) =>
        {
            limits(&projection.input, column, operator)
        }
        _ => Vec::new(),
    }
}

/// The constant in `column = constant`, or in `column operator constant`; a strict bound is taken for a lax one.
fn limit(expr: &Expr, column: &str, operator: Operator) -> Option<Expr> {
    if let Expr::Between(between) = expr {
        let end = match operator {
            Operator::Lt | Operator::LtEq => &between.high,
            _ => &between.low,
        };
        let bounds = !between.negated && is_named(&between.expr, column) && is_constant(end);
        return bounds.then(|| end.as_ref().clone());
    }
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return None };
    let (constant, op) = if is_named(left, column) && is_constant(right) {
        (right, *op)
    } else if is_named(right, column) && is_constant(left) {
        (left, op.swap().unwrap_or(*op))
    } else {
        return None;
    };
    let upper = |op| matches!(op, Operator::Lt | Operator::LtEq);
    let bounds = op == Operator::Eq || (is_inequality(op) && upper(op) == upper(operator));
    bounds.then(|| constant.as_ref().clone())
}

fn is_inequality(operator: Operator) -> bool {
    matches!(operator, Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq)
}

fn is_named(expr: &Expr, column: &str) -> bool {
    matches!(expr, Expr::Column(named) if named.name == column)
}

fn is_constant(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(..))
}
