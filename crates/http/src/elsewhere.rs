//! Work on another runtime than the one that answers requests.

use std::future::pending;
use std::panic::resume_unwind;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Does `work` on `runtime`, as if it was done here: it ends with whoever waits for it, and its panic goes on here.
pub async fn run_on<T: Send + 'static>(
    runtime: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(work, runtime);
    match tasks.join_next().await {
        Some(Ok(done)) => done,
        Some(Err(died)) if died.is_panic() => resume_unwind(died.into_panic()),
        // that runtime has ended, and the process is about to
        Some(Err(_)) | None => pending().await,
    }
}
