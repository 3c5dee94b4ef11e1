//! The threads that answer requests.

use std::num::NonZero;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime beside the process's own, so that neither a close nor a load holds requests up.
///
/// It has half of the processors, for PostgreSQL needs some, too; and the fewer threads pass requests to each other, the
/// less each costs.
pub(super) struct Requests {
    handle: Handle,
    /// None once it is let go.
    runtime: Option<Runtime>,
}

impl Requests {
    /// # Errors
    ///
    /// When the system gives no thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let threads = available_parallelism().map_or(1, NonZero::get).div_ceil(2);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("requests")
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Requests {
    /// Whatever still goes on is cut, for to wait for it would block a thread of the process's runtime.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
