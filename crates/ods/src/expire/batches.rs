//! What is deleted together, in one short transaction.

use std::collections::HashMap;

use crate::copy::{Held, HeldRow};

/// How many orders, or payments, one deleting transaction looks at: it holds up loads and other writers that long.
pub(super) const BATCH_ROWS: usize = 5_000;

/// How many lines its orders have, unless one order alone has more.
const BATCH_LINES: usize = 25_000;

/// Held orders, with all their held lines.
#[derive(Default)]
pub(super) struct OrderBatch<'a> {
    pub(super) orders: Vec<HeldRow<'a>>,
    pub(super) lines: Vec<HeldRow<'a>>,
}

/// `orders` with those of `lines` that are theirs.
pub(super) fn order_batches<'a>(orders: &'a Held, lines: &'a Held) -> Vec<OrderBatch<'a>> {
    let mut ordinals: HashMap<&str, usize> = HashMap::new();
    for order in orders.rows() {
        let next = ordinals.len();
        ordinals.entry(order.text("id")).or_insert(next);
    }
    let mut line_counts = vec![0; ordinals.len()];
    for line in lines.rows() {
        if let Some(ordinal) = ordinals.get(line.text("order_id")) {
            line_counts[*ordinal] += 1;
        }
    }
    let numbers = batch_numbers(&line_counts);
    let mut batches = Vec::new();
    batches.resize_with(numbers.last().map_or(0, |last| last + 1), OrderBatch::default);
    let batch_of = |order_id| ordinals.get(order_id).map(|ordinal| numbers[*ordinal]);
    for order in orders.rows() {
        if let Some(batch) = batch_of(order.text("id")) {
            batches[batch].orders.push(order);
        }
    }
    for line in lines.rows() {
        if let Some(batch) = batch_of(line.text("order_id")) {
            batches[batch].lines.push(line);
        }
    }
    batches
}

/// For each order, given how many lines each has, the batch that it is in.
fn batch_numbers(line_counts: &[usize]) -> Vec<usize> {
    let (mut number, mut orders, mut lines) = (0, 0, 0);
    let mut number_of = |count: &usize| {
        let is_full = orders == BATCH_ROWS || lines + count > BATCH_LINES;
        if is_full && orders > 0 {
            (number, orders, lines) = (number + 1, 0, 0);
        }
        orders += 1;
        lines += count;
        number
    };
    line_counts.iter().map(&mut number_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_orders_and_lines() {
        assert!(batch_numbers(&[]).is_empty());
        let many = batch_numbers(&[0; 12_000]);
        assert_eq!([4_999, 5_000, 9_999, 10_000, 11_999].map(|order| many[order]), [0, 1, 1, 2, 2]);
        assert_eq!(batch_numbers(&[10_000, 15_000, 1, 90_000, 2]), [0, 0, 1, 2, 3]);
    }
}
