//! What people are told of the schedule: what is new, and what lasts once a day.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{NaiveDateTime, SecondsFormat, TimeDelta};
use daybook_model::{Clock, PartitionDate};
use serde::Serialize;

use super::hooks::Hooks;
use crate::config;

/// What lasts is told again after this time.
const AGAIN: TimeDelta = TimeDelta::hours(24);

/// So many times in a row it must be unknown what is due before that is worth an alert: servers are restarted.
const BLIND: u32 = 3;

/// Days that are due and not closed.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Days {
    pub(super) from: PartitionDate,
    pub(super) to: PartitionDate,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    CloseFailed,
    DeadlineMissed,
    Recovered,
}

/// The alert document; docs/scheduling.md describes it.
#[derive(Debug, Serialize)]
struct Alert<'a> {
    event: Event,
    at: String,
    due: Option<Days>,
    run_id: Option<i64>,
    error: Option<&'a str>,
}

/// Decides what is worth an alert, and sends it.
pub(super) struct Alerts {
    clock: Clock,
    told: Mutex<Told>,
    hooks: Hooks,
}

impl Alerts {
    pub(super) fn configured(config: &config::Alert, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self { clock, told: Mutex::default(), hooks: Hooks::configured(config)? })
    }

    /// A close failed.
    pub(super) async fn failed(&self, due: Days, run_id: Option<i64>, error: &str) {
        if self.told().is_failure_news(error, self.clock.now()) {
            self.tell(Event::CloseFailed, Some(due), run_id, Some(error)).await;
        }
    }

    /// It cannot be seen what is due.
    pub(super) async fn blind(&self, error: &str) {
        if self.told().is_blindness_news(error, self.clock.now()) {
            self.tell(Event::CloseFailed, None, None, Some(error)).await;
        }
    }

    /// A deadline has passed, and days are not closed.
    pub(super) async fn missed(&self, due: Days) {
        let Days { from, to } = due;
        tracing::error!(%from, %to, "the deadline has passed, and {from} is not closed yet");
        self.told().deadline = true;
        self.tell(Event::DeadlineMissed, Some(due), None, None).await;
    }

    /// All that is due is closed; told to those who heard that it was not.
    pub(super) async fn recovered(&self) {
        if self.told().forget() {
            self.tell(Event::Recovered, None, None, None).await;
        }
    }

    async fn tell(&self, event: Event, due: Option<Days>, run_id: Option<i64>, error: Option<&str>) {
        let at = self.clock.now().and_utc().to_rfc3339_opts(SecondsFormat::Secs, true);
        match serde_json::to_string(&Alert { event, at, due, run_id, error }) {
            Ok(document) => self.hooks.send(document).await,
            Err(error) => tracing::error!(%error, "an alert cannot be written as JSON: {error}"),
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was told since all was well.
#[derive(Debug, Default)]
struct Told {
    /// When each error was last told.
    errors: HashMap<String, NaiveDateTime>,
    deadline: bool,
    /// How many times in a row it was unknown what is due.
    blind: u32,
}

impl Told {
    fn is_failure_news(&mut self, error: &str, now: NaiveDateTime) -> bool {
        self.blind = 0;
        self.is_news(error, now)
    }

    fn is_blindness_news(&mut self, error: &str, now: NaiveDateTime) -> bool {
        self.blind = self.blind.saturating_add(1);
        self.blind >= BLIND && self.is_news(error, now)
    }

    /// Whether this error was not told within a day; notes that it is told now.
    fn is_news(&mut self, error: &str, now: NaiveDateTime) -> bool {
        // the same error names another run or another number of rows at each try
        let kind: String = error.chars().filter(|sign| !sign.is_ascii_digit()).collect();
        let is_news = self.errors.get(&kind).is_none_or(|before| now - *before >= AGAIN);
        if is_news {
            self.errors.insert(kind, now);
        }
        is_news
    }

    /// Begins anew; whether anything was told.
    fn forget(&mut self) -> bool {
        let told = std::mem::take(self);
        told.deadline || !told.errors.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
    }

    #[test]
    fn an_error_is_told_when_it_is_new_and_then_daily() {
        let mut told = Told::default();
        let tries = [
            ("2024-03-02 02:00", "run 7: no space", true),
            ("2024-03-02 02:01", "run 8: no space", false),
            ("2024-03-02 02:05", "PostgreSQL is away", true),
            // taking turns makes no storm
            ("2024-03-02 02:20", "run 9: no space", false),
            ("2024-03-02 02:35", "PostgreSQL is away", false),
            ("2024-03-03 01:59", "run 40: no space", false),
            ("2024-03-03 02:00", "run 41: no space", true),
            ("2024-03-03 02:15", "run 42: no space", false),
        ];
        for (now, error, is_news) in tries {
            assert_eq!(told.is_failure_news(error, utc(now)), is_news, "{now}: {error}");
        }
        assert!(told.forget(), "who heard of it hears that it is over");
        assert!(!told.forget(), "once");
        assert!(
            told.is_failure_news("run 43: no space", utc("2024-03-03 02:30")),
            "after a success it is news again"
        );
    }

    #[test]
    fn a_server_that_is_restarted_is_no_news() {
        let (mut told, now) = (Told::default(), utc("2024-03-02 02:00"));
        let away = "PostgreSQL is away";
        assert!(!told.is_blindness_news(away, now));
        assert!(!told.is_blindness_news(away, now));
        assert!(!told.forget(), "nobody was told");
        assert!(!told.is_blindness_news(away, now));
        assert!(!told.is_blindness_news(away, now));
        assert!(told.is_blindness_news(away, now), "the third time in a row it is");
        assert!(!told.is_blindness_news(away, now), "told already");
        assert!(told.forget());
    }

    #[test]
    fn an_alert_tells_what_is_due_and_why() {
        let days = Days { from: "2024-03-01".parse().unwrap(), to: "2024-03-02".parse().unwrap() };
        let alert = Alert {
            event: Event::CloseFailed,
            at: "2024-03-03T02:00:00Z".to_owned(),
            due: Some(days),
            run_id: Some(7),
            error: Some("no space"),
        };
        assert_eq!(
            serde_json::to_value(&alert).unwrap(),
            serde_json::json!({
                "event": "close_failed", "at": "2024-03-03T02:00:00Z",
                "due": { "from": "2024-03-01", "to": "2024-03-02" }, "run_id": 7, "error": "no space",
            })
        );
    }
}
