//! The task that stores what waits, group by group.

use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::group::{GroupStore, Stored};
use super::queue::Submission;
use super::{PaymentEvent, PaymentOutcome, SubmitError};

/// A group of events that were stored together, or failed.
#[derive(Clone, Copy, Debug)]
pub struct PaymentGroup {
    /// How many events it had.
    pub events: usize,
    /// How many of them have no outcome, because PostgreSQL was away or others were in the way.
    pub unavailable: usize,
    /// How long it took, from the first statement to the commit.
    pub took: Duration,
}

/// Two that take turns: while one stores its group, the next gathers at the other, and one gives its answers while the
/// other stores. Two groups on their way at once would be smaller, and a commit costs the server as much as forty rows.
const WRITERS: usize = 2;

/// How long a group may take before the next goes ahead beside it: a row that somebody keeps locked holds up its own
/// group only.
const TURN: Duration = Duration::from_millis(50);

/// Stores submissions until no more can come.
pub(super) async fn run(
    submissions: UnboundedReceiver<Submission>,
    new_store: impl Fn() -> GroupStore,
    observe: impl Fn(&PaymentGroup),
) {
    let (submissions, turn) = (Mutex::new(submissions), Mutex::new(()));
    let writers = (0..WRITERS).map(|_| write(&submissions, &turn, new_store(), &observe));
    join_all(writers).await;
}

async fn write(
    submissions: &Mutex<UnboundedReceiver<Submission>>,
    turn: &Mutex<()>,
    mut store: GroupStore,
    observe: &impl Fn(&PaymentGroup),
) {
    let mut group = Vec::new();
    loop {
        let mut waiting = submissions.lock().await;
        let Some(first) = waiting.recv().await else { break };
        let its_turn = timeout(TURN, turn.lock()).await;
        group.push(first);
        while let Ok(submission) = waiting.try_recv() {
            group.push(submission);
        }
        drop(waiting);
        let started = Instant::now();
        let events: Vec<&PaymentEvent> = group.iter().flat_map(|submission| &submission.events).collect();
        let stored = store.store(&events).await;
        drop(its_turn);
        observe(&PaymentGroup {
            events: events.len(),
            unavailable: stored.outcomes.iter().filter(|outcome| outcome.is_none()).count(),
            took: started.elapsed(),
        });
        if !store.is_connected() {
            // Whoever came meanwhile has waited long enough, too. If the other writer is at the queue, they go with it.
            while let Some(submission) = submissions.try_lock().ok().and_then(|mut all| all.try_recv().ok()) {
                group.push(submission);
            }
        }
        answer(&mut group, stored);
    }
    store.close().await;
}

fn answer(group: &mut Vec<Submission>, stored: Stored) {
    let mut outcomes = stored.outcomes.into_iter();
    for submission in group.drain(..) {
        let own: Option<Vec<PaymentOutcome>> =
            submission.events.iter().map(|_| outcomes.next().flatten()).collect();
        submission.answer(own.ok_or_else(|| SubmitError::Unavailable { reason: stored.trouble.clone() }));
    }
}
