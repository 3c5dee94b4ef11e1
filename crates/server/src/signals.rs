//! The signals by which somebody asks this process to end.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// From now on SIGINT and SIGTERM don't kill the process; the future ends when one of them comes.
pub(crate) fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
