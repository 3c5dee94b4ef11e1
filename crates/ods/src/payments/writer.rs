//! The task that stores what waits, group by group.

use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

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

/// Two, so that the server has work while it syncs, and while answers are given. A third only makes groups smaller.
const WRITERS: usize = 2;

/// Stores submissions until no more can come: while groups are on their way, the next gathers.
pub(super) async fn run(
    submissions: UnboundedReceiver<Submission>,
    new_store: impl Fn() -> GroupStore,
    observe: impl Fn(&PaymentGroup),
) {
    let submissions = Mutex::new(submissions);
    let writers = (0..WRITERS).map(|_| write(&submissions, new_store(), &observe));
    join_all(writers).await;
}

async fn write(
    submissions: &Mutex<UnboundedReceiver<Submission>>,
    mut store: GroupStore,
    observe: &impl Fn(&PaymentGroup),
) {
    let mut group = Vec::new();
    while submissions.lock().await.recv_many(&mut group, usize::MAX).await > 0 {
        let started = Instant::now();
        let events: Vec<&PaymentEvent> = group.iter().flat_map(|submission| &submission.events).collect();
        let stored = store.store(&events).await;
        observe(&PaymentGroup {
            events: events.len(),
            unavailable: stored.outcomes.iter().filter(|outcome| outcome.is_none()).count(),
            took: started.elapsed(),
        });
        if !store.is_connected() {
            // Whoever came meanwhile has waited long enough, too. If the other writer is at the queue, it is empty.
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
