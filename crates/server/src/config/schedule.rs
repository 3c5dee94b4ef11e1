//! When `daybook serve` closes days by itself.

use anyhow::bail;
use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

/// The schedule of `daybook serve`; off unless it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    pub(crate) enabled: bool,
    /// The time of day, in the business time zone, such as 02:30; none for as soon as a day is due.
    pub(crate) at: Option<String>,
    /// Minutes after its time by which a day must be closed.
    pub(crate) deadline_minutes: Option<u32>,
    /// The longest pause between two tries of a close that fails.
    pub(crate) retry_minutes: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { enabled: false, at: None, deadline_minutes: None, retry_minutes: 15 }
    }
}

impl Schedule {
    /// The time of day, if one is set.
    pub(crate) fn time(&self) -> anyhow::Result<Option<NaiveTime>> {
        let Some(at) = &self.at else { return Ok(None) };
        match NaiveTime::parse_from_str(at, "%H:%M") {
            Ok(time) => Ok(Some(time)),
            Err(_) => {
                bail!("[schedule] at = \"{at}\" is not a time of day: write it as HH:MM, such as 02:30")
            }
        }
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.time()?;
        if self.deadline_minutes == Some(0) {
            bail!("[schedule] deadline_minutes is 0: a close needs time; leave it out for no deadline");
        }
        if self.retry_minutes == 0 {
            bail!("[schedule] retry_minutes is 0: between two tries there must be a pause, of at least 1");
        }
        Ok(())
    }
}
