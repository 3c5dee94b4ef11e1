//! Polls the landing place, and loads what has come.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use backon::{ExponentialBuilder, Retryable};
use daybook_ods::{LoadEvent, LoadOptions, OdsError, Settled};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::journal::Journal;
use super::shared_ods::SharedOds;
use crate::daybook::Daybook;
use crate::output;

/// Looks for new batches, again and again, one look after the other.
pub(super) struct LandingPoll {
    ods: Arc<SharedOds>,
    landing: Url,
    options: LoadOptions,
    pause: Duration,
    settled: Settled,
    journal: Journal,
    looked: Arc<Notify>,
}

impl LandingPoll {
    /// The poll that the configuration asks for, if it asks for one.
    pub(super) fn configured(daybook: &Daybook, ods: Arc<SharedOds>) -> anyhow::Result<Option<Self>> {
        let config = &daybook.config;
        if config.landing.poll_seconds == 0 {
            return Ok(None);
        }
        if config.landing.url.is_none() {
            let folder = config.data_dir.join("landing");
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make the landing folder {}", folder.display()))?;
        }
        Ok(Some(Self {
            ods,
            landing: config.landing_url()?,
            options: daybook.load_options()?,
            pause: Duration::from_secs(config.landing.poll_seconds.into()),
            settled: Settled::default(),
            journal: Journal::default(),
            looked: Arc::default(),
        }))
    }

    /// Comes after each look, whatever it found.
    pub(super) fn looked(&self) -> Arc<Notify> {
        Arc::clone(&self.looked)
    }

    /// Polls until told to stop; a batch that is being loaded at that moment is dropped.
    pub(super) async fn run(self, stop: CancellationToken) {
        let (landing, seconds) = (&self.landing, self.pause.as_secs());
        tracing::info!(%landing, seconds, "looking for batches in {landing} every {seconds} s");
        stop.run_until_cancelled(self.poll_for_ever()).await;
    }

    async fn poll_for_ever(&self) {
        loop {
            self.poll_until_done().await;
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Polls once; while the database or the object store fails, again after a growing delay.
    async fn poll_until_done(&self) {
        let landing = &self.landing;
        let mut has_failed = false;
        let note_failure = |error: &anyhow::Error, delay: Duration| {
            has_failed = true;
            let (error, seconds) = (output::in_a_line(error), delay.as_secs());
            tracing::error!(%landing, error, seconds, "cannot poll {landing}: {error}; next try in {seconds} s");
        };
        let polled = (|| self.poll_and_say()).retry(backoff()).notify(note_failure).await;
        if has_failed && polled.is_ok() {
            tracing::info!(%landing, "polling {landing} works again");
        }
    }

    async fn poll_and_say(&self) -> anyhow::Result<()> {
        let polled = self.poll().await;
        self.looked.notify_one();
        polled
    }

    async fn poll(&self) -> anyhow::Result<()> {
        let ods = self.ods.get().await?;
        let note = |event: LoadEvent<'_>| {
            if let LoadEvent::Done(report) = event {
                self.journal.note(report);
            }
        };
        let landing = &self.landing;
        match ods.load_again(landing, &self.options, &self.settled, &note).await {
            Ok(_) => self.journal.note_problem(None),
            // in an object store a prefix without objects does not exist
            Err(OdsError::NotFound(_)) if landing.scheme() != "file" => self.journal.note_problem(None),
            // no failure: batches may come beside what lies there
            Err(error @ OdsError::NothingToLoad(_)) => self.journal.note_problem(Some(&error)),
            Err(error) => return Err(error.into()),
        }
        tracing::debug!(%landing, "looked into {landing}");
        Ok(())
    }
}

/// Whatever is away comes back some time, so this never gives up.
fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(1))
        .with_max_delay(Duration::from_secs(60))
        .with_jitter()
        .without_max_times()
}
