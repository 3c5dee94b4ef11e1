//! Payments as a webhook delivers them: a few events a request, many requests at once.
//!
//! Events have the grammar and the meaning of event files: of all events of one transaction the greatest wins, in
//! whatever order, grouping or number of times they arrive. So whoever is unsure whether an event was stored sends it
//! again.
//!
//! What waits is stored by one statement, in one database transaction: a commit costs the same for one event as for a
//! hundred, so under load requests share it.

mod event;
mod group;
mod queue;
mod writer;

pub use event::{PaymentEvent, PaymentReject};
pub use queue::{PaymentOptions, PaymentOutcome, PaymentQueue, SubmitError};
pub use writer::PaymentGroup;
