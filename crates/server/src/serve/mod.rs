//! The long-running process: tasks that work side by side until somebody asks the process to end.

mod alerts;
mod books;
mod closer;
mod hooks;
mod http;
mod journal;
mod landing;
mod requests;
mod schedule;
mod shared_ods;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::daybook::Daybook;
use closer::Closer;
use landing::LandingPoll;
use requests::Requests;
use schedule::Schedule;
use shared_ods::SharedOds;

/// How long the database's connections may take to end before they are cut.
const CLOSING: Duration = Duration::from_secs(10);

/// How the process works.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Let everybody who reaches the port do everything; on loopback only
    #[arg(long)]
    insecure_no_auth: bool,
}

/// Works until `asked_to_end`.
///
/// A task that is told to stop drops what it does where it stands. That loses nothing, for whatever is stored is
/// stored by transactions, and the next process goes on from there.
///
/// # Errors
///
/// When the configuration gives nothing to do, or when a task dies of a defect.
pub(crate) async fn serve(
    daybook: Daybook,
    args: &ServeArgs,
    asked_to_end: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    // a mistake in a model is found now, not at night
    daybook.registry()?;
    let daybook = Arc::new(daybook);
    let ods = Arc::new(SharedOds::new(Arc::clone(&daybook)));
    let stop = CancellationToken::new();
    let closer = Arc::new(Closer::new(Arc::clone(&daybook), Arc::clone(&ods), stop.clone()));
    let mut tasks = JoinSet::new();
    let poll = LandingPoll::configured(&daybook, Arc::clone(&ods))?;
    if let Some(schedule) =
        Schedule::configured(&daybook, &ods, &closer, poll.as_ref().map(LandingPoll::looked))?
    {
        tasks.spawn(schedule.run(stop.clone()));
    }
    if let Some(poll) = poll {
        tasks.spawn(poll.run(stop.clone()));
    }
    // connections that requests opened end with their threads, so these stay until all is closed
    let requests = Requests::start()?;
    if let Some((server, services)) = http::bind(&daybook, &closer, args.insecure_no_auth).await? {
        tasks.spawn(http::keep_ods(Arc::clone(&ods), services, stop.clone()));
        tasks.spawn_on(http::answer(server, stop.clone()), requests.handle());
    }
    if tasks.is_empty() {
        bail!(
            "there is nothing to serve: set [http] listen, or DAYBOOK_HTTP_LISTEN, to an address such as \
             127.0.0.1:8080, or set [landing] poll_seconds, or DAYBOOK_LANDING_POLL_SECONDS, to how many seconds \
             lie between two looks for new batches, or set [schedule] enabled, or DAYBOOK_SCHEDULE_ENABLED, to true"
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
    if timeout(CLOSING, closer.idle()).await.is_err() {
        tracing::warn!("the close that was under way did not end");
    }
    match timeout(CLOSING, ods.close()).await {
        Ok(closed) => closed?,
        Err(_) => tracing::warn!("cut the connections to PostgreSQL: a statement did not end"),
    }
    tracing::info!("ended");
    ended
}
