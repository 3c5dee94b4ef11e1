//! An optimizer rule: what bounds one side of an inequality between two tables bounds the other side, too.
//!
//! `dim_customer_orders` joins closed dates with the orders dated up to each. Of one closed date, only orders up to it
//! can be; told so, the scan of the orders leaves out the files of all later dates.

use std::sync::Arc;

use arrow::datatypes::Field;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, JoinType, Result, TableReference};
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
        let (Some(column), Some(other)) =
            (position(plan.schema(), &self.column), position(known.schema(), &self.other))
        else {
            return Ok(false);
        };
        let mut changed = false;
        for limit in limits(known, other, self.operator) {
            if !limits(plan, column, self.operator).contains(&limit) {
                let bound = Expr::Column(self.column.clone());
                let bound =
                    Expr::BinaryExpr(BinaryExpr::new(Box::new(bound), self.operator, Box::new(limit)));
                let input = LogicalPlan::clone(plan);
                *plan = Arc::new(LogicalPlanBuilder::from(input).filter(bound)?.build()?);
                changed = true;
            }
        }
        Ok(changed)
    }
}

/// Where the column that `column` means stands; none where that is not certain.
fn position(schema: &DFSchema, column: &Column) -> Option<usize> {
    let is_meant = |qualifier: Option<&TableReference>, field: &Field| {
        field.name() == &column.name
            && match (qualifier, &column.relation) {
                (Some(qualifier), Some(relation)) => qualifier.resolved_eq(relation),
                (None, None) => true,
                _ => false,
            }
    };
    let mut meant = schema.iter().enumerate().filter(|(_, (qualifier, field))| is_meant(*qualifier, field));
    let (position, _) = meant.next()?;
    meant.next().is_none().then_some(position)
}

/// The constants that the column at `position` of `plan` is known to be equal to, or to be on that side of.
fn limits(plan: &LogicalPlan, position: usize, operator: Operator) -> Vec<Expr> {
    match plan {
        LogicalPlan::Filter(filter) => {
            let schema = filter.input.schema();
            let is_meant = |column: &Column| self::position(schema, column) == Some(position);
            let mut all = own_limits(std::slice::from_ref(&filter.predicate), is_meant, operator);
            all.extend(limits(&filter.input, position, operator));
            all
        }
        // its filters may say names without the table's
        LogicalPlan::TableScan(scan) => {
            let name = scan.projected_schema.field(position).name();
            own_limits(&scan.filters, |column| column.name == *name, operator)
        }
        LogicalPlan::SubqueryAlias(alias) => limits(&alias.input, position, operator),
        LogicalPlan::Projection(projection) => {
            let kept = projection.expr.get(position).and_then(Expr::try_as_col);
            let position = kept.and_then(|column| self::position(projection.input.schema(), column));
            position.map(|position| limits(&projection.input, position, operator)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

fn own_limits(predicates: &[Expr], is_meant: impl Fn(&Column) -> bool, operator: Operator) -> Vec<Expr> {
    predicates
        .iter()
        .flat_map(split_conjunction)
        .filter_map(|expr| limit(expr, &is_meant, operator))
        .collect()
}

/// The constant in `column = constant`, or in `column operator constant`; a strict bound is taken for a lax one.
fn limit(expr: &Expr, is_meant: impl Fn(&Column) -> bool, operator: Operator) -> Option<Expr> {
    let is_column = |expr: &Expr| matches!(expr, Expr::Column(column) if is_meant(column));
    if let Expr::Between(between) = expr {
        let end = match operator {
            Operator::Lt | Operator::LtEq => &between.high,
            _ => &between.low,
        };
        let bounds = !between.negated && is_column(&between.expr) && is_constant(end);
        return bounds.then(|| end.as_ref().clone());
    }
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return None };
    let (constant, op) = if is_column(left) && is_constant(right) {
        (right, *op)
    } else if is_column(right) && is_constant(left) {
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

fn is_constant(expr: &Expr) -> bool {
    matches!(expr, Expr::Literal(..))
}
