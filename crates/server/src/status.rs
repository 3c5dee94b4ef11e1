//! What is loaded, closed and due.

use chrono::NaiveDateTime;
use daybook_model::PartitionDate;
use daybook_ods::{Ods, OdsStatus};
use daybook_warehouse::Publication;
use serde_json::json;

use crate::daybook::Daybook;

/// What is loaded, closed and due.
pub(crate) struct Status {
    ods: OdsStatus,
    published: Option<Publication>,
    due: Option<(PartitionDate, PartitionDate)>,
}

impl Status {
    pub(crate) async fn read(daybook: &Daybook, ods: &Ods) -> anyhow::Result<Self> {
        let published = daybook.open_warehouse()?.published().await?;
        let status = ods.status().await?;
        let earliest = ods.earliest_date(daybook.config.timezone()?).await?;
        let due = due(daybook, published.as_ref(), earliest)?;
        Ok(Self { ods: status, published, due })
    }

    /// Each thing in a row: part, what, value.
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let Self { ods, published, due } = self;
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
            let since = half.since.format("%Y-%m-%d %H:%M:%S");
            add("waiting", &half.uri, format!("for {} since {since}", half.missing));
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
        rows
    }

    /// The same for programs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let Self { ods, published, due } = self;
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
        })
    }
}

/// The first and last day that are due and not closed.
fn due(
    daybook: &Daybook,
    published: Option<&Publication>,
    earliest: Option<PartitionDate>,
) -> anyhow::Result<Option<(PartitionDate, PartitionDate)>> {
    let settings = daybook.close_settings()?;
    let last_due = settings.timezone.last_due(daybook.clock.now(), settings.buffer);
    let last_closed = published.and_then(|publication| publication.draft.closed_dates.last());
    let first = last_closed.map(|last| last.next()).or(earliest);
    Ok(first.filter(|first| *first <= last_due).map(|first| (first, last_due)))
}

fn time(time: Option<NaiveDateTime>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| format!("{} UTC", time.format("%Y-%m-%d %H:%M:%S")))
}

fn date(date: Option<&PartitionDate>) -> String {
    date.map_or_else(|| "–".to_owned(), ToString::to_string)
}
