//! Lets the batches of one turn into the tables: side by side when they have nothing in common, else in their order.

use tokio::sync::watch;

use super::keys::Keys;

/// Where each batch of a turn stands.
pub(crate) struct Admission {
    batches: watch::Sender<Vec<Stage>>,
}

enum Stage {
    /// Its rows are on their way into the staging tables: nobody knows yet what they touch.
    Arriving,
    /// It waits for its admission, or has it.
    Staged(Keys),
    /// It is stored, or never will be.
    Done,
}

/// A batch's place; giving it up lets those pass that wait for it.
pub(crate) struct Place<'a> {
    admission: &'a Admission,
    index: usize,
}

impl Admission {
    pub(crate) fn of(batches: usize) -> Self {
        let stages = (0..batches).map(|_| Stage::Arriving).collect();
        Self { batches: watch::Sender::new(stages) }
    }

    pub(crate) fn place(&self, index: usize) -> Place<'_> {
        Place { admission: self, index }
    }
}

impl Place<'_> {
    /// Waits until every earlier batch is done, or is known to have nothing in common with this one.
    pub(crate) async fn admit(&self, keys: Keys) {
        self.set(Stage::Staged(keys));
        let mut changes = self.admission.batches.subscribe();
        // the sender lives as long as this place
        let _ = changes.wait_for(|batches| self.may_pass(batches)).await;
    }

    fn may_pass(&self, batches: &[Stage]) -> bool {
        let Stage::Staged(keys) = &batches[self.index] else { return true };
        batches[..self.index].iter().all(|earlier| match earlier {
            Stage::Arriving => false,
            Stage::Staged(others) => keys.are_apart_from(others),
            Stage::Done => true,
        })
    }

    fn set(&self, stage: Stage) {
        self.admission.batches.send_modify(|batches| batches[self.index] = stage);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.set(Stage::Done);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use daybook_model::contract::Table;
    use futures::FutureExt;

    use super::*;

    fn keys(hasher: &RandomState, id: &str) -> Keys {
        let mut keys = Keys::of([Table::Orders], hasher);
        keys.note(Table::Orders, id.as_bytes(), None);
        keys
    }

    #[test]
    fn only_batches_with_something_in_common_wait() {
        let hasher = RandomState::new();
        let admission = Admission::of(3);
        let (first, second, third) = (admission.place(0), admission.place(1), admission.place(2));
        assert!(
            second.admit(keys(&hasher, "2")).now_or_never().is_none(),
            "the first may bring anything yet"
        );
        assert!(first.admit(keys(&hasher, "1")).now_or_never().is_some());
        assert!(second.admit(keys(&hasher, "2")).now_or_never().is_some());
        assert!(third.admit(keys(&hasher, "1")).now_or_never().is_none());
        drop(first);
        assert!(third.admit(keys(&hasher, "1")).now_or_never().is_some());
    }
}
