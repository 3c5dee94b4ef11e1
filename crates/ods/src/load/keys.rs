//! Which ids a batch writes and refers to: what it has to do with other batches, and with itself.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use daybook_model::contract::Table;

/// More ids than these are not remembered, so that memory does not grow with the files.
const MOST: usize = 1 << 19;

/// Hashes of the ids in a batch's good rows. Two ids may share a hash, so what is told apart surely differs, and what
/// is not may still.
pub(crate) struct Keys {
    hasher: RandomState,
    hashes: HashSet<u64>,
    is_complete: bool,
    hints: Hints,
}

/// What needs no look at the rows. A hint that is not given means nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints {
    /// No two rows of a file have the same id.
    pub(crate) ids_are_unique: bool,
    /// Every order that a line belongs to is in the batch.
    pub(crate) parents_are_included: bool,
}

impl Keys {
    /// The keys of a batch that has these tables; only keys with clones of one `hasher` can be compared.
    pub(crate) fn of(tables: impl IntoIterator<Item = Table>, hasher: &RandomState) -> Self {
        let mut keys = Self {
            hasher: hasher.clone(),
            hashes: HashSet::new(),
            is_complete: true,
            hints: Hints { ids_are_unique: true, parents_are_included: true },
        };
        // what a catalogue's row means depends on every earlier batch
        if tables.into_iter().any(|table| matches!(table, Table::Product | Table::Variant)) {
            keys.give_up();
        }
        keys
    }

    /// The keys of a batch whose rows Daybook does not see.
    pub(crate) fn unknown(hasher: &RandomState) -> Self {
        let mut keys = Self::of([], hasher);
        keys.give_up();
        keys
    }

    /// Notes a row's id, and its parent's.
    pub(crate) fn note(&mut self, table: Table, id: &[u8], parent: Option<(Table, &[u8])>) {
        if !self.is_complete {
            return;
        }
        if !self.insert(table, id) {
            // of rows that share an id some may be rejected, a parent among them
            self.hints = Hints { ids_are_unique: false, parents_are_included: false };
        }
        if let Some((table, id)) = parent
            && self.insert(table, id)
        {
            self.hints.parents_are_included = false;
        }
        if self.hashes.len() > MOST {
            self.give_up();
        }
    }

    pub(crate) fn hints(&self) -> Hints {
        self.hints
    }

    /// Whether it makes no difference which of the two batches is stored first.
    pub(crate) fn are_apart_from(&self, other: &Self) -> bool {
        self.is_complete && other.is_complete && self.hashes.is_disjoint(&other.hashes)
    }

    fn insert(&mut self, table: Table, id: &[u8]) -> bool {
        self.hashes.insert(self.hasher.hash_one((table, id)))
    }

    fn give_up(&mut self) {
        self.is_complete = false;
        self.hashes = HashSet::new();
        self.hints = Hints { ids_are_unique: false, parents_are_included: false };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(hasher: &RandomState, orders: &[&str], lines: &[(&str, &str)]) -> Keys {
        let mut keys = Keys::of([Table::Orders, Table::OrderLines], hasher);
        orders.iter().for_each(|id| keys.note(Table::Orders, id.as_bytes(), None));
        for (id, order) in lines {
            keys.note(Table::OrderLines, id.as_bytes(), Some((Table::Orders, order.as_bytes())));
        }
        keys
    }

    #[test]
    fn hints_are_given_for_a_batch_that_is_whole_in_itself() {
        let hasher = RandomState::new();
        let whole = keys(&hasher, &["1", "2"], &[("1", "1"), ("2", "1")]).hints();
        assert!(whole.ids_are_unique && whole.parents_are_included);
        assert!(!keys(&hasher, &["1", "1"], &[]).hints().ids_are_unique);
        assert!(!keys(&hasher, &["1"], &[("1", "3")]).hints().parents_are_included);
    }

    #[test]
    fn batches_are_apart_when_they_share_neither_rows_nor_parents() {
        let hasher = RandomState::new();
        let one = keys(&hasher, &["1"], &[("1", "1")]);
        assert!(one.are_apart_from(&keys(&hasher, &["2"], &[("2", "2")])));
        assert!(!one.are_apart_from(&keys(&hasher, &["1"], &[])));
        assert!(!one.are_apart_from(&keys(&hasher, &[], &[("2", "1")])));
        assert!(!one.are_apart_from(&Keys::of([Table::Orders, Table::Product], &hasher)));
    }

    #[test]
    fn too_many_ids_are_forgotten() {
        let mut keys = Keys::of([Table::Orders], &RandomState::new());
        (0..=MOST).for_each(|id| keys.note(Table::Orders, &id.to_be_bytes(), None));
        assert!(!keys.hints().ids_are_unique);
        assert_eq!(keys.hashes.capacity(), 0);
    }
}
