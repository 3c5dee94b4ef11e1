//! The long-running process: tasks that work side by side until somebody asks the process to end.

mod journal;
mod landing;
mod shared_ods;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::daybook::Daybook;
use landing::LandingPoll;
use shared_ods::SharedOds;

/// How long the database's connections may take to end before they are cut.
const CLOSING: Duration = Duration::from_secs(10);

/// Works until `asked_to_end`.
///
/// A task that is told to stop drops what it does where it stands. That loses nothing, for whatever is stored is
/// stored by transactions, and the next process goes on from there.
///
/// # Errors
///
/// When the configuration gives nothing to do, or when a task dies of a defect.
pub(crate) async fn serve(daybook: Daybook, asked_to_end: impl Future<Output = ()>) -> anyhow::Result<()> {
    let daybook = Arc::new(daybook);
    let ods = Arc::new(SharedOds::new(Arc::clone(&daybook)));
    let stop = CancellationToken::new();
    let mut tasks = JoinSet::new();
    if let Some(poll) = LandingPoll::configured(&daybook, Arc::clone(&ods))? {
        tasks.spawn(poll.run(stop.clone()));
    }
    if tasks.is_empty() {
        bail!(
            "there is nothing to serve: set [landing] poll_seconds, or DAYBOOK_LANDING_POLL_SECONDS, to how many \
             seconds lie between two looks for new batches"
        );
    }
    let ended = tokio::select! {
        () = asked_to_end => {
            tracing::info!("asked to end");
            Ok(())
        }
        Some(ended) = tasks.join_next() => Err(match ended {
            Ok(()) => anyhow!("a task of the process ended too early"),
            Err(died) => anyhow!("a task of the process died: {died}"),
        }),
    };
    stop.cancel();
    while tasks.join_next().await.is_some() {}
    match timeout(CLOSING, ods.close()).await {
        Ok(closed) => closed?,
        Err(_) => tracing::warn!("cut the connections to PostgreSQL: a statement did not end"),
    }
    tracing::info!("ended");
    ended
}
