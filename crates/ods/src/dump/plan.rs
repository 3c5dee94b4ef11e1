//! What there is to read, cut into pieces that workers take one by one.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::table::{DumpTable, Heap, Source};

/// How a dump divides its work; what it holds in memory follows from these, whatever the size of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many connections read at a time.
    pub(crate) workers: usize,
    /// How many blocks of a table are a piece.
    pub(crate) piece_blocks: u32,
    /// Of how many orders the dates are held at a time; if there are more, lines are read several times, each time
    /// those of some orders.
    pub(crate) orders_held: usize,
}

/// A statement whose rows go into the files of a table.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) table: &'static DumpTable,
    pub(crate) statement: String,
}

/// Pieces in the order in which they are begun.
#[derive(Debug, Default)]
pub(crate) struct Pieces(Mutex<VecDeque<Piece>>);

impl Pieces {
    pub(crate) fn take(&self) -> Option<Piece> {
        // A queue is whole between any two statements that change it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl FromIterator<Piece> for Pieces {
    fn from_iter<I: IntoIterator<Item = Piece>>(pieces: I) -> Self {
        Self(Mutex::new(pieces.into_iter().collect()))
    }
}

/// Some of the orders, chosen by their ids: share `number` of `count`, a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) number: u32,
    pub(crate) count: u32,
}

impl Share {
    /// Enough shares for `orders` orders, so that none has many more than `held` of them.
    pub(crate) fn all(orders: usize, held: usize) -> impl Iterator<Item = Self> {
        let count = u32::try_from(orders.div_ceil(held.max(1)).max(1).next_power_of_two()).unwrap_or(1 << 31);
        (0..count).map(move |number| Self { number, count })
    }
}

/// The pieces of a source that is `blocks` long; of one that is read as a whole there is one piece.
pub(crate) fn pieces(
    table: &'static DumpTable,
    source: &'static Source,
    blocks: u32,
    share: Share,
    limits: Limits,
) -> Vec<Piece> {
    let Some(heap) = &source.heap else {
        return vec![Piece { table, statement: copy(source.query) }];
    };
    let step = limits.piece_blocks.max(1);
    (0..blocks)
        .step_by(step as usize)
        .map(|first| {
            let rows = rows(heap, first, first.saturating_add(step), share);
            Piece { table, statement: copy(&source.query.replace("{rows}", &rows)) }
        })
        .collect()
}

fn copy(query: &str) -> String {
    format!("copy (\n{query}\n) to stdout (format binary)")
}

/// The condition on rows of the blocks from `first` and before `end`. COPY takes no parameters; these are numbers.
fn rows(heap: &Heap, first: u32, end: u32, share: Share) -> String {
    let Heap { name, order_id, .. } = heap;
    let blocks = format!("{name}.ctid >= '({first},0)' and {name}.ctid < '({end},0)'");
    match order_id {
        Some(column) if share.count > 1 => {
            format!("{blocks} and hashtext({name}.{column}) & {} = {}", share.count - 1, share.number)
        }
        _ => blocks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_that_fit_are_one_share_and_others_several() {
        let counts =
            [(0, 10), (10, 10), (11, 10), (50, 10)].map(|(orders, held)| Share::all(orders, held).count());
        assert_eq!(counts, [1, 1, 2, 8]);
    }
}
