//! The operational data store that the tasks of one process share.

use std::sync::Arc;

use daybook_ods::Ods;
use tokio::sync::Mutex;

use crate::daybook::{Daybook, OpenOds};

/// Opens the ODS when it is first needed, and starts the embedded server again when it is gone.
pub(super) struct SharedOds {
    daybook: Arc<Daybook>,
    opened: Mutex<Option<OpenOds>>,
}

impl SharedOds {
    pub(super) fn new(daybook: Arc<Daybook>) -> Self {
        Self { daybook, opened: Mutex::new(None) }
    }

    /// The ODS, after making sure that its server answers.
    ///
    /// # Errors
    ///
    /// Within seconds, when the server is away or cannot be started.
    pub(super) async fn get(&self) -> anyhow::Result<Ods> {
        let mut opened = self.opened.lock().await;
        if let Some(open) = opened.as_ref() {
            match open.ods.check_connection().await {
                Ok(()) => return Ok(open.ods.clone()),
                // its connections come back by themselves once the server does
                Err(error) if open.local.is_none() => return Err(error.into()),
                Err(error) => tracing::warn!(%error, "starting the private PostgreSQL again: {error}"),
            }
        }
        let fresh = self.daybook.open_ods().await?;
        let ods = fresh.ods.clone();
        if let Some(gone) = opened.replace(fresh) {
            // never the last user, now
            tokio::task::spawn_blocking(move || drop(gone));
        }
        Ok(ods)
    }

    /// Lets go of the ODS; the embedded server stops with its last user.
    pub(super) async fn close(&self) -> anyhow::Result<()> {
        match self.opened.lock().await.take() {
            Some(open) => open.close().await,
            None => Ok(()),
        }
    }
}
