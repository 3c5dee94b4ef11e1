//! What is loaded, closed and due.

use chrono::NaiveDateTime;
use daybook_model::PartitionDate;
use daybook_ods::{Ods, OdsStatus};
use daybook_pipeline::runs::{self, FailedTest, RunState, RunSummary};
use daybook_warehouse::Publication;
use serde_json::json;

use crate::daybook::Daybook;
use crate::output;

/// What is loaded, closed and due.
pub(crate) struct Status {
    ods: OdsStatus,
    published: Option<Publication>,
    due: Option<(PartitionDate, PartitionDate)>,
    /// What keeps days from becoming due, if anything does.
    obstacle: Option<String>,
    schedule: Option<ScheduleStatus>,
    /// Tests that did not hold in the last run that tested anything.
    failed_tests: Vec<FailedTest>,
}

/// What the schedule of `daybook serve` is at, as far as the stores tell.
struct ScheduleStatus {
    /// None while something keeps days from becoming due.
    next_run_at: Option<NaiveDateTime>,
    /// The last run, if it failed.
    last_failure: Option<RunSummary>,
    /// The first day whose deadline has passed, if there is one.
    overdue: Option<PartitionDate>,
}

impl ScheduleStatus {
    async fn read(
        daybook: &Daybook,
        ods: &Ods,
        first_open: Option<PartitionDate>,
        obstacle: Option<&str>,
    ) -> anyhow::Result<Self> {
        let (timetable, now) = (daybook.timetable()?, daybook.clock.now());
        let last_run = runs::list(ods.pool(), 1).await?.into_iter().next();
        Ok(Self {
            next_run_at: obstacle.is_none().then(|| timetable.next(now, first_open)),
            last_failure: last_run.filter(|run| run.state == RunState::Failed),
            overdue: first_open.filter(|first| timetable.is_overdue(now, *first)),
        })
    }

    fn rows(&self) -> [(&'static str, String); 3] {
        let failure = self.last_failure.as_ref().map(|run| {
            format!(
                "run {} at {}: {}",
                run.id,
                time(run.finished_at),
                run.error.as_deref().unwrap_or_default()
            )
        });
        [
            ("next run", self.next_run_at.map_or_else(none, output::utc)),
            ("last failure", failure.unwrap_or_else(none)),
            ("overdue since", date(self.overdue.as_ref())),
        ]
    }

    fn to_json(&self) -> serde_json::Value {
        let failure = self
            .last_failure
            .as_ref()
            .map(|run| json!({ "run_id": run.id, "at": run.finished_at, "error": run.error }));
        json!({ "next_run_at": self.next_run_at, "last_failure": failure, "overdue_since": self.overdue })
    }
}

impl Status {
    pub(crate) async fn read(daybook: &Daybook, ods: &Ods) -> anyhow::Result<Self> {
        let published = daybook.warehouse()?.published().await?;
        let status = ods.status().await?;
        let first_open = first_open(daybook, ods, published.as_ref()).await?;
        let due = due(daybook, first_open)?;
        let obstacle = obstacle(daybook, published.as_ref())?;
        let schedule = match daybook.config.schedule.enabled {
            true => Some(ScheduleStatus::read(daybook, ods, first_open, obstacle.as_deref()).await?),
            false => None,
        };
        let failed_tests = runs::last_failed_tests(ods.pool()).await?;
        Ok(Self { ods: status, published, due, obstacle, schedule, failed_tests })
    }

    /// Each thing in a row: part, what, value.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let Self { ods, published, due, obstacle, schedule, failed_tests } = self;
        let published = published.as_ref();
        let mut rows = Vec::new();
        let mut add =
            |part: &str, what: &str, value: String| rows.push(vec![part.to_owned(), what.to_owned(), value]);
        add("loads", "loaded", ods.loads.loaded.to_string());
        add("loads", "not closed yet", ods.loads.unpublished.to_string());
        add("loads", "last", time(ods.loads.last_loaded_at));
        for batch in &ods.refused {
            add("refused", &batch.uri, batch.message.clone());
        }
        for half in &ods.waiting {
            add("waiting", &half.uri, format!("for {} since {}", half.missing, output::utc(half.since)));
        }
        for count in &ods.rejected {
            add("rejected rows", &format!("{}: {}", count.table_name, count.reason), count.rows.to_string());
        }
        for count in &ods.parked {
            add("parked rows", &count.table_name, count.rows.to_string());
        }
        for (table, count) in &ods.rows {
            add("rows in the ODS", table.name(), count.to_string());
        }
        let closed =
            published.map(|publication| &publication.draft.closed_dates).filter(|dates| !dates.is_empty());
        add("closed", "days", closed.map_or(0, |dates| dates.len()).to_string());
        add("closed", "from", date(closed.and_then(|dates| dates.first())));
        add("closed", "to", date(closed.and_then(|dates| dates.last())));
        add("closed", "published", time(published.map(|publication| publication.draft.published_at)));
        add("due", "from", date(due.as_ref().map(|(first, _)| first)));
        add("due", "to", date(due.as_ref().map(|(_, last)| last)));
        if let Some(obstacle) = obstacle {
            add("due", "obstacle", obstacle.clone());
        }
        for test in failed_tests {
            let model = test.model.as_ref().map(|model| format!("{model}: ")).unwrap_or_default();
            add(
                &format!("test ({})", test.severity),
                &format!("{model}{}", test.test),
                format!("{} row(s), such as {}", test.failures, test.first_row()),
            );
        }
        for (what, value) in schedule.iter().flat_map(ScheduleStatus::rows) {
            add("schedule", what, value);
        }
        rows
    }

    /// The same for programs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let Self { ods, published, due, obstacle, schedule, failed_tests } = self;
        let refused: Vec<_> =
            ods.refused.iter().map(|batch| json!({ "uri": batch.uri, "message": batch.message })).collect();
        let waiting: Vec<_> = ods
            .waiting
            .iter()
            .map(|half| json!({ "uri": half.uri, "missing": half.missing, "since": half.since }))
            .collect();
        let rejected: Vec<_> = ods
            .rejected
            .iter()
            .map(|count| json!({ "table": count.table_name, "reason": count.reason, "rows": count.rows }))
            .collect();
        let parked: Vec<_> =
            ods.parked.iter().map(|count| json!({ "table": count.table_name, "rows": count.rows })).collect();
        let stored: serde_json::Map<_, _> =
            ods.rows.iter().map(|(table, count)| (table.name().to_owned(), (*count).into())).collect();
        json!({
            "loads": {
                "loaded": ods.loads.loaded,
                "not_closed_yet": ods.loads.unpublished,
                "last_loaded_at": ods.loads.last_loaded_at,
                "refused": refused,
                "waiting": waiting,
            },
            "rejected_rows": rejected,
            "parked_rows": parked,
            "ods_rows": stored,
            "published": published,
            "due": due.map(|(first, last)| json!({ "from": first, "to": last })),
            "obstacle": obstacle,
            "failed_tests": failed_tests,
            "schedule": schedule.as_ref().map(ScheduleStatus::to_json),
        })
    }
}

/// The first day that is not closed, if any day was closed or has orders.
pub(crate) async fn first_open(
    daybook: &Daybook,
    ods: &Ods,
    published: Option<&Publication>,
) -> anyhow::Result<Option<PartitionDate>> {
    match last_closed(published) {
        Some(last) => Ok(Some(last.next())),
        None => Ok(ods.earliest_date(daybook.config.timezone()?).await?),
    }
}

fn last_closed(published: Option<&Publication>) -> Option<PartitionDate> {
    published?.draft.closed_dates.last().copied()
}

/// What keeps days from becoming due: that days are closed which are not over.
pub(crate) fn obstacle(daybook: &Daybook, published: Option<&Publication>) -> anyhow::Result<Option<String>> {
    let timezone = daybook.config.timezone()?;
    let today = timezone.date_of(daybook.clock.now());
    let ahead = last_closed(published).filter(|last| *last >= today);
    Ok(ahead.map(|last| {
        format!(
            "the days up to {last} count as closed, and in {} it is {today}: a clock was ahead when they were closed, or is \
             behind now. Set it right, and DAYBOOK_NOW with it; until {last} is over, close by `daybook run`, which takes \
             in what has come for these days: the schedule leaves them alone",
            timezone.name()
        )
    }))
}

/// The first and last day that are due and not closed.
fn due(
    daybook: &Daybook,
    first_open: Option<PartitionDate>,
) -> anyhow::Result<Option<(PartitionDate, PartitionDate)>> {
    let settings = daybook.close_settings()?;
    let last_due = settings.timezone.last_due(daybook.clock.now(), settings.buffer);
    Ok(first_open.filter(|first| *first <= last_due).map(|first| (first, last_due)))
}

fn time(time: Option<NaiveDateTime>) -> String {
    time.map_or_else(|| "never".to_owned(), output::utc)
}

fn date(date: Option<&PartitionDate>) -> String {
    date.map_or_else(none, ToString::to_string)
}

fn none() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use daybook_model::Clock;

    use super::*;
    use crate::config::Config;

    /// What is told at a time (UTC) of books that are closed up to a day.
    fn told(now: &str, last_closed: &str) -> Option<String> {
        let now = NaiveDateTime::parse_from_str(now, "%Y-%m-%d %H:%M").unwrap();
        let config = Config { business_timezone: "Asia/Tokyo".to_owned(), ..Config::default() };
        let mut publication = Publication::default();
        publication.draft.closed_dates.insert(last_closed.parse().unwrap());
        obstacle(&Daybook::new(config, Clock::fixed(now)), Some(&publication)).unwrap()
    }

    #[test]
    fn days_that_are_closed_and_not_over_are_told_with_what_to_do() {
        // in Tokyo the day ends at 15:00
        assert_eq!(told("2024-03-01 15:00", "2024-03-01"), None);
        for (now, last_closed) in [("2024-03-01 14:59", "2024-03-01"), ("2024-03-01 15:00", "2030-01-01")] {
            let told = told(now, last_closed).unwrap();
            for part in [last_closed, "Asia/Tokyo", "clock", "DAYBOOK_NOW", "`daybook run`"] {
                assert!(told.contains(part), "'{part}' is not in: {told}");
            }
        }
    }
}
