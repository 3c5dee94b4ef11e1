//! Closes days inside the process that serves, whoever asks for it.

use std::sync::Arc;

use daybook_model::Registry;
use daybook_model::openlineage::Transition;
use daybook_ods::Ods;
use daybook_pipeline::{Close, ClosePeriod, CloseReport, CloseSettings, PipelineError, runs};
use daybook_warehouse::Warehouse;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::shared_ods::SharedOds;
use crate::daybook::Daybook;
use crate::lineage::Lineage;
use crate::output;

/// Starts closes, one at a time.
pub(super) struct Closer {
    daybook: Arc<Daybook>,
    ods: Arc<SharedOds>,
    /// Held while this process closes.
    closing: Arc<Mutex<()>>,
    stop: CancellationToken,
}

/// Why there was no close, or why it came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CloseError {
    /// This process, or another one, is closing.
    #[error("another close is running")]
    Busy,
    /// The process is ending.
    #[error("the process is ending")]
    Stopped,
    #[error("{0}")]
    Failed(String),
}

impl Closer {
    /// The closer of a process, which drops the close under way when `stop` comes.
    pub(super) fn new(daybook: Arc<Daybook>, ods: Arc<SharedOds>, stop: CancellationToken) -> Self {
        Self { daybook, ods, closing: Arc::default(), stop }
    }

    /// Begins to close `period`; it goes on, and logs how it ends, even if nobody waits for it.
    ///
    /// # Errors
    ///
    /// What can be known before the close begins.
    pub(super) async fn start(
        &self,
        period: ClosePeriod,
    ) -> Result<JoinHandle<Result<(), CloseError>>, CloseError> {
        let turn = Arc::clone(&self.closing).try_lock_owned().map_err(|_| CloseError::Busy)?;
        let ods = self.ods.get().await.map_err(failed)?;
        if runs::is_under_way(ods.pool()).await.map_err(failed)? {
            return Err(CloseError::Busy);
        }
        let registry = self.daybook.registry().map_err(failed)?;
        let warehouse = self.daybook.warehouse().map_err(failed)?;
        let settings = self.daybook.close_settings().map_err(failed)?;
        let lineage = Lineage::begin(&self.daybook, "close").map_err(failed)?;
        let stop = self.stop.clone();
        // the engine's futures stay on their thread
        let runtime = tokio::runtime::Handle::current();
        Ok(tokio::task::spawn_blocking(move || {
            let close = close(&registry, &ods, warehouse.as_ref(), &settings, &lineage, period);
            let closed = runtime.block_on(stop.run_until_cancelled(close));
            tell_end(lineage, closed.as_ref());
            drop(turn);
            log_end(closed)
        }))
    }

    /// Waits until no close is under way.
    pub(super) async fn idle(&self) {
        drop(self.closing.lock().await);
    }

    /// Closes `period`, and waits for the end.
    pub(super) async fn close(&self, period: ClosePeriod) -> Result<(), CloseError> {
        let closing = self.start(period).await.map_err(logged)?;
        closing.await.unwrap_or_else(|died| Err(logged(failed(died))))
    }
}

async fn close(
    registry: &Registry,
    ods: &Ods,
    warehouse: &dyn Warehouse,
    settings: &CloseSettings,
    lineage: &Lineage,
    period: ClosePeriod,
) -> Result<CloseReport, PipelineError> {
    let close = Close {
        ods,
        warehouse,
        registry,
        settings,
        progress: &|step| {
            tracing::info!(step = step.name, seconds = step.seconds, "closing: {} done", step.name);
            lineage.step(step);
        },
    };
    close.run(period).await
}

/// Tells those who draw lineage how a close ended; none means that it was dropped.
fn tell_end(lineage: Lineage, closed: Option<&Result<CloseReport, PipelineError>>) {
    match closed {
        Some(Ok(_)) => lineage.end(Transition::Complete),
        Some(Err(PipelineError::Busy)) => lineage.forget(),
        Some(Err(error)) => lineage.end(Transition::Fail(&error.to_string())),
        // dropped, it says so itself
        None => drop(lineage),
    }
}

/// Logs how a close ended; none means that it was dropped.
fn log_end(closed: Option<Result<CloseReport, PipelineError>>) -> Result<(), CloseError> {
    match closed {
        Some(Ok(report)) => {
            tracing::info!(state = ?report.state, dates = report.dates.len(), "closed");
            Ok(())
        }
        Some(Err(PipelineError::Busy)) => {
            tracing::info!("not closed: another process is closing");
            Err(CloseError::Busy)
        }
        Some(Err(error)) => Err(logged(failed(error))),
        None => {
            tracing::info!("dropped the close that was under way: the next one begins again");
            Err(CloseError::Stopped)
        }
    }
}

fn logged(error: CloseError) -> CloseError {
    if let CloseError::Failed(error) = &error {
        tracing::error!(error, "the close failed: {error}");
    }
    error
}

fn failed(error: impl Into<anyhow::Error>) -> CloseError {
    CloseError::Failed(output::in_a_line(&error.into()))
}
