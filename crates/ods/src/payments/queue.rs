//! Where requests put their events and wait for the commit.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;

use super::group::GroupStore;
use super::writer::{PaymentGroup, run};
use super::{PaymentEvent, PaymentReject};
use crate::Ods;

/// What the queue needs to know of the shop, and how much it may hold.
#[derive(Clone, Debug)]
pub struct PaymentOptions {
    /// The statuses that mean *paid*.
    pub paid_statuses: Vec<String>,
    /// How many events may wait or be on their way at once; each is at most 1.3 KB.
    pub capacity: u32,
    /// How long a group is tried for, connecting included, before its waiters are told that PostgreSQL is away.
    pub patience: Duration,
}

impl Default for PaymentOptions {
    fn default() -> Self {
        Self {
            paid_statuses: vec!["success".to_owned()],
            capacity: 16_384,
            // a server that starts anew is back by then
            patience: Duration::from_secs(5),
        }
    }
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentOutcome {
    /// It is the payment's row now, or was until a greater event came.
    Stored,
    /// The payment's row was the same or greater already.
    Unchanged,
    /// PostgreSQL refuses it, for a rule that is not the contract's, such as a trigger of the shop's own; sending it
    /// again does not help.
    Refused(PaymentReject),
}

/// Why a submission has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// Too much waits already; none of the events is stored. They will find room in a moment.
    #[error("{capacity} payment events wait already: send again in a moment")]
    QueueFull {
        /// How many events may wait.
        capacity: u32,
    },
    /// So many events never find room; none of them is stored.
    #[error("{events} payment events at once are more than {capacity}: send fewer")]
    TooMany {
        /// How many there are.
        events: usize,
        /// How many events may wait.
        capacity: u32,
    },
    /// PostgreSQL is away, or somebody holds a payment's row locked. Some of the events may be stored; sending all of
    /// them again is harmless.
    #[error("cannot store payments: {reason}; send again in a moment")]
    Unavailable {
        /// What happened, with PostgreSQL's own words: for a log, not for the sender.
        reason: String,
    },
    /// The queue is closed; none of the events is stored.
    #[error("payments are not accepted any more: Daybook is stopping")]
    Closed,
}

/// Stores payment events as they come, many in one commit.
///
/// An event whose outcome was told is durable. Several queues, of several processes, may work on one database, beside
/// loads. The queue connects when it has to, with connections of its own, and again whenever it lost it.
#[derive(Debug)]
pub struct PaymentQueue {
    capacity: u32,
    room: Arc<Semaphore>,
    /// None once the queue is closed.
    entrance: Mutex<Option<UnboundedSender<Submission>>>,
    /// None once it has ended.
    writer: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Events that wait, and who waits for them.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) events: Vec<PaymentEvent>,
    room: OwnedSemaphorePermit,
    answer: oneshot::Sender<Result<Vec<PaymentOutcome>, SubmitError>>,
}

impl PaymentQueue {
    /// A queue in front of the store's database. `observe` hears of each group when it is done; it must neither block
    /// nor panic.
    ///
    /// Must be called within a Tokio runtime, which the writer is a task of.
    pub fn open(
        ods: &Ods,
        options: PaymentOptions,
        observe: impl Fn(&PaymentGroup) + Send + Sync + 'static,
    ) -> Self {
        let (entrance, submissions) = unbounded_channel();
        let capacity = options.capacity;
        let server = ods.pool().connect_options();
        let new_store = move || GroupStore::new(Arc::clone(&server), options.clone());
        let writer = tokio::spawn(run(submissions, new_store, observe));
        Self {
            capacity,
            room: Arc::new(Semaphore::new(capacity as usize)),
            entrance: Mutex::new(Some(entrance)),
            writer: tokio::sync::Mutex::new(Some(writer)),
        }
    }

    /// Stores events and says, in their order, what became of each: all of them, durably, or an error within seconds.
    ///
    /// Once polled, the events are stored even if the future is dropped.
    ///
    /// # Errors
    ///
    /// See [`SubmitError`]: but for [`SubmitError::TooMany`], the same submission may succeed later.
    pub async fn submit(&self, events: Vec<PaymentEvent>) -> Result<Vec<PaymentOutcome>, SubmitError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = self.room_for(events.len())?;
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(wanted)
            .map_err(|_| SubmitError::QueueFull { capacity: self.capacity })?;
        let (answer, answered) = oneshot::channel();
        self.enter(Submission { events, room, answer })?;
        answered.await.unwrap_or(Err(SubmitError::Closed))
    }

    /// How much room so many events take.
    ///
    /// # Errors
    ///
    /// [`SubmitError::TooMany`] when they can never find it.
    pub fn room_for(&self, events: usize) -> Result<u32, SubmitError> {
        let capacity = self.capacity;
        let wanted = u32::try_from(events).ok().filter(|&wanted| wanted <= capacity);
        wanted.ok_or(SubmitError::TooMany { events, capacity })
    }

    fn enter(&self, submission: Submission) -> Result<(), SubmitError> {
        let entrance = self.entrance.lock().unwrap_or_else(PoisonError::into_inner);
        let entrance = entrance.as_ref().ok_or(SubmitError::Closed)?;
        entrance.send(submission).map_err(|_| SubmitError::Closed)
    }

    /// How many events wait or are on their way.
    pub fn depth(&self) -> usize {
        (self.capacity as usize).saturating_sub(self.room.available_permits())
    }

    /// Accepts nothing more, and returns when all that was accepted is answered. Safe to repeat.
    pub async fn close(&self) {
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut writer = self.writer.lock().await;
        if let Some(running) = writer.as_mut() {
            // A writer that panicked has answered nobody: its waiters are told that the queue is closed.
            running.await.ok();
            *writer = None;
        }
    }
}

impl Submission {
    /// Gives the room back first, so that whoever was answered finds it free.
    pub(super) fn answer(self, answer: Result<Vec<PaymentOutcome>, SubmitError>) {
        drop(self.room);
        // Whoever went away does not want to know.
        self.answer.send(answer).ok();
    }
}
