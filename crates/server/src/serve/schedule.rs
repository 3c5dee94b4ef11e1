//! Closes days by themselves, at their time, until it works.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::NaiveDateTime;
use daybook_model::PartitionDate;
use daybook_pipeline::{ClosePeriod, runs};
use futures::join;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::alerts::{Alerts, Days};
use super::closer::{CloseError, Closer};
use super::shared_ods::SharedOds;
use crate::daybook::Daybook;
use crate::output;
use crate::status;
use crate::timetable::Timetable;

/// The longest sleep: the system's clock may be set, or its machine suspended.
const NAP: Duration = Duration::from_secs(60);

/// How long to wait when somebody else closes.
const BUSY: Duration = Duration::from_secs(30);

/// Closes each day at its time, catches up what was missed, and tells of failures.
pub(super) struct Schedule {
    daybook: Arc<Daybook>,
    ods: Arc<SharedOds>,
    closer: Arc<Closer>,
    timetable: Timetable,
    alerts: Alerts,
    longest_pause: Duration,
    /// Comes when the landing place was first looked into; none if nobody looks.
    looked: Option<Arc<Notify>>,
}

/// Why a try ended without the days being closed.
enum Obstacle {
    Busy,
    /// It cannot be found out what is due.
    Blind(String),
    Failed(Days, String),
}

impl Schedule {
    /// The schedule that the configuration asks for, if it asks for one.
    pub(super) fn configured(
        daybook: &Arc<Daybook>,
        ods: &Arc<SharedOds>,
        closer: &Arc<Closer>,
        looked: Option<Arc<Notify>>,
    ) -> anyhow::Result<Option<Self>> {
        let schedule = &daybook.config.schedule;
        if !schedule.enabled {
            return Ok(None);
        }
        Ok(Some(Self {
            timetable: daybook.timetable()?,
            alerts: Alerts::configured(&daybook.config.alert, daybook.clock)?,
            longest_pause: Duration::from_secs(60 * u64::from(schedule.retry_minutes)),
            daybook: Arc::clone(daybook),
            ods: Arc::clone(ods),
            closer: Arc::clone(closer),
            looked,
        }))
    }

    /// Works until told to stop.
    pub(super) async fn run(self, stop: CancellationToken) {
        stop.run_until_cancelled(async { join!(self.close_daily(), self.watch_deadlines()) }).await;
    }

    async fn close_daily(&self) {
        if let Some(looked) = &self.looked {
            // what came while nobody looked belongs into the days that are caught up
            looked.notified().await;
        }
        loop {
            let begun = self.daybook.clock.now();
            self.close_until_done().await;
            // not after now: another day's time may have come while this one was closed
            let next = self.timetable.after(begun);
            tracing::info!(%next, "the schedule closes next at {next} UTC");
            self.wait_until(next).await;
        }
    }

    async fn close_until_done(&self) {
        let mut pauses = pauses(self.longest_pause);
        let mut next_pause = || pauses.next().unwrap_or(self.longest_pause);
        loop {
            let pause = match self.try_to_close().await {
                Ok(()) => return self.alerts.recovered().await,
                Err(Obstacle::Busy) => BUSY,
                Err(Obstacle::Failed(days, error)) => {
                    let pause = next_pause();
                    tracing::info!("the schedule tries again in {} s", pause.as_secs());
                    self.alerts.failed(days, self.run_id(&error).await, &error).await;
                    pause
                }
                Err(Obstacle::Blind(error)) => {
                    let pause = next_pause();
                    let seconds = pause.as_secs();
                    tracing::error!(error, "cannot see what is due: {error}; next try in {seconds} s");
                    self.alerts.blind(&error).await;
                    pause
                }
            };
            sleep(pause).await;
        }
    }

    /// Closes what is due, if the time of any of it has passed.
    async fn try_to_close(&self) -> Result<(), Obstacle> {
        let now = self.daybook.clock.now();
        let first = self.first_open().await.map_err(|error| Obstacle::Blind(output::in_a_line(&error)))?;
        let Some(first) = first.filter(|first| self.timetable.has_passed(now, *first)) else {
            return Ok(());
        };
        match self.closer.close(ClosePeriod::Due).await {
            Ok(()) => Ok(()),
            // at the end of the process nobody looks again
            Err(CloseError::Busy | CloseError::Stopped) => Err(Obstacle::Busy),
            Err(CloseError::Failed(error)) => Err(Obstacle::Failed(self.days(first), error)),
        }
    }

    /// At each deadline, tells if there is a day that should be closed and is not.
    async fn watch_deadlines(&self) {
        loop {
            let now = self.daybook.clock.now();
            let Some(next) = self.timetable.deadline_after(now) else { return };
            match self.first_open().await {
                Ok(first) => {
                    if let Some(first) = first.filter(|first| self.timetable.is_overdue(now, *first)) {
                        self.alerts.missed(self.days(first)).await;
                    }
                    self.wait_until(next).await;
                }
                // the closes see the same, and tell
                Err(_) => sleep(NAP).await,
            }
        }
    }

    /// The first day that is not closed; an error if it is unknown, or so far ahead that it would be waited for in vain.
    async fn first_open(&self) -> anyhow::Result<Option<PartitionDate>> {
        let ods = self.ods.get().await?;
        let published = self.daybook.warehouse()?.published().await?;
        if let Some(obstacle) = status::obstacle(&self.daybook, published.as_ref())? {
            bail!(obstacle);
        }
        status::first_open(&self.daybook, &ods, published.as_ref()).await
    }

    /// From the first day that is not closed to the last that is due.
    fn days(&self, first: PartitionDate) -> Days {
        let last = self.timetable.timezone.last_due(self.daybook.clock.now(), self.timetable.buffer);
        Days { from: first, to: last.max(first) }
    }

    /// The run that failed so, if it got as far as having a number.
    async fn run_id(&self, error: &str) -> Option<i64> {
        let ods = self.ods.get().await.ok()?;
        let newest = runs::list(ods.pool(), 1).await.ok()?.into_iter().next()?;
        (newest.error.as_deref() == Some(error)).then_some(newest.id)
    }

    /// By a clock that stands still, later never comes.
    async fn wait_until(&self, time: NaiveDateTime) {
        while let Ok(rest) = (time - self.daybook.clock.now()).to_std()
            && !rest.is_zero()
        {
            sleep(rest.min(NAP)).await;
        }
    }
}

/// Growing pauses between tries, for ever: whatever is wrong is put right some time.
fn pauses(longest: Duration) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_secs(5))
        .with_factor(3.0)
        .with_max_delay(longest)
        .with_jitter()
        .without_max_times()
        .build()
}
