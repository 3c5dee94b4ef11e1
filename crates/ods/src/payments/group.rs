//! A group of events, stored by one statement.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::NaiveDateTime;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::{PaymentEvent, PaymentOptions, PaymentOutcome, PaymentReject};

const LONGEST_DELAY: Duration = Duration::from_millis(500);

/// The session's settings. A commit is durable, whatever the role's default. A row that somebody keeps locked soon
/// fails its event, so that it does not hold up the others. The planner, which does not know how many events come,
/// would compare each with each.
const SETTINGS: &str = "select set_config('synchronous_commit', 'on', false), \
     set_config('lock_timeout', '200ms', false), set_config('enable_nestloop', 'off', false)";

/// Stores groups over a connection of its own.
pub(super) struct GroupStore {
    server: Arc<PgConnectOptions>,
    options: PaymentOptions,
    /// None before the first group and after the server went away.
    connection: Option<PgConnection>,
}

/// What became of a group.
#[derive(Debug)]
pub(super) struct Stored {
    /// Of each event, in order; none if it could not be stored in time.
    pub(super) outcomes: Vec<Option<PaymentOutcome>>,
    /// Why some could not.
    pub(super) trouble: String,
}

/// Why a statement stored nothing.
enum Trouble {
    /// Another writer was in the way and is over soon.
    Conflict(String),
    /// Somebody keeps a row locked.
    Locked(String),
    /// The server refuses some of the events.
    Refused(String),
    /// No server, or one that cannot store anything now.
    Away(String),
}

impl GroupStore {
    pub(super) fn new(server: Arc<PgConnectOptions>, options: PaymentOptions) -> Self {
        Self { server, options, connection: None }
    }

    /// Stores events; an event that cannot be stored does not keep the others from it.
    pub(super) async fn store(&mut self, events: &[&PaymentEvent]) -> Stored {
        let mut stored = Stored { outcomes: vec![None; events.len()], trouble: String::new() };
        let patience = self.options.patience;
        let in_time = tokio::time::timeout(patience, self.store_parts(events, &mut stored)).await;
        if in_time.is_err() && stored.trouble.is_empty() {
            stored.trouble = format!("PostgreSQL did not answer within {patience:?}");
        }
        stored
    }

    /// Tries the whole group, and what fails in halves, down to the events that are to blame.
    async fn store_parts(&mut self, events: &[&PaymentEvent], stored: &mut Stored) {
        let whole = 0..events.len();
        let mut parts = vec![whole];
        let mut delays = backoff().build();
        while let Some(part) = parts.pop() {
            match self.upsert(&events[part.clone()]).await {
                Ok(positions) => stored.note(part, &positions),
                Err(Trouble::Refused(_) | Trouble::Locked(_)) if part.len() > 1 => {
                    let middle = part.start + part.len() / 2;
                    parts.extend([middle..part.end, part.start..middle]);
                }
                Err(Trouble::Refused(message)) => stored.refuse(part.start, message),
                Err(Trouble::Locked(reason)) => stored.trouble = reason,
                Err(Trouble::Conflict(reason) | Trouble::Away(reason)) => {
                    stored.trouble = reason;
                    parts.push(part);
                    tokio::time::sleep(delays.next().unwrap_or(LONGEST_DELAY)).await;
                }
            }
        }
    }

    /// Stores events together; gives the positions, from 1, of those that changed their rows.
    async fn upsert(&mut self, events: &[&PaymentEvent]) -> Result<Vec<i64>, Trouble> {
        // It comes back only when it is in order: what is given up half-way must not be used again.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await.map_err(|error| Trouble::Away(error.to_string()))?,
        };
        let upserted =
            upsert(&mut connection, events, &self.options.paid_statuses).await.map_err(Trouble::from);
        if !matches!(upserted, Err(Trouble::Away(_))) {
            self.connection = Some(connection);
        }
        upserted
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let mut connection = self.server.connect().await?;
        sqlx::query(SETTINGS).execute(&mut connection).await?;
        Ok(connection)
    }

    /// Whether the server was there when it was last needed.
    pub(super) fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            // All is committed, and the server notices a lost connection by itself.
            tokio::time::timeout(self.options.patience, connection.close()).await.ok();
        }
    }
}

/// One round trip, and the answer comes after the commit: outside of a transaction, a statement is one. Events that
/// change nothing take another one.
async fn upsert(
    connection: &mut PgConnection,
    events: &[&PaymentEvent],
    paid_statuses: &[String],
) -> Result<Vec<i64>, sqlx::Error> {
    let Columns { ids, order_ids, statuses, times } = columns(events);
    let changed: Vec<i64> = sqlx::query_scalar(include_str!("../../queries/transaction/upsert_events.sql"))
        .bind(ids)
        .bind(order_ids)
        .bind(statuses)
        .bind(times)
        .bind(paid_statuses)
        .fetch_one(&mut *connection)
        .await?;
    if changed.len() < events.len() {
        let stored: HashSet<i64> = changed.iter().copied().collect();
        let passed_over = (1..).zip(events).filter(|(position, _)| !stored.contains(position));
        keep_superseded(connection, &passed_over.map(|(_, event)| *event).collect::<Vec<_>>()).await?;
    }
    Ok(changed)
}

/// Of events that changed nothing, keeps the states that a later one had replaced before they came.
async fn keep_superseded(connection: &mut PgConnection, events: &[&PaymentEvent]) -> Result<(), sqlx::Error> {
    let Columns { ids, order_ids, statuses, times } = columns(events);
    sqlx::query(include_str!("../../queries/superseded_transaction/insert_events.sql"))
        .bind(ids)
        .bind(order_ids)
        .bind(statuses)
        .bind(times)
        .execute(connection)
        .await?;
    Ok(())
}

/// Events as a statement takes them.
struct Columns<'a> {
    ids: Vec<&'a str>,
    order_ids: Vec<&'a str>,
    statuses: Vec<&'a str>,
    times: Vec<NaiveDateTime>,
}

fn columns<'a>(events: &[&'a PaymentEvent]) -> Columns<'a> {
    Columns {
        ids: events.iter().map(|event| event.id.as_str()).collect(),
        order_ids: events.iter().map(|event| event.order_id.as_str()).collect(),
        statuses: events.iter().map(|event| event.status.as_str()).collect(),
        times: events.iter().map(|event| event.created_at).collect(),
    }
}

fn backoff() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(10))
        .with_max_delay(LONGEST_DELAY)
        .without_max_times()
        .with_jitter()
}

impl Stored {
    fn note(&mut self, part: Range<usize>, positions: &[i64]) {
        let outcomes = &mut self.outcomes[part];
        outcomes.fill(Some(PaymentOutcome::Unchanged));
        for position in positions.iter().filter_map(|&position| usize::try_from(position - 1).ok()) {
            outcomes[position] = Some(PaymentOutcome::Stored);
        }
    }

    fn refuse(&mut self, position: usize, message: String) {
        let reject = PaymentReject { column: None, reason: "refused_by_database", message };
        self.outcomes[position] = Some(PaymentOutcome::Refused(reject));
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default();
        let message = error.as_database_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
        match (&*code, code.get(..2)) {
            // serialization failure, deadlock
            ("40001" | "40P01", _) => Self::Conflict(message),
            ("55P03", _) => Self::Locked(message),
            // data, constraints, limits such as an index row's size, a trigger's own exception
            (_, Some("22" | "23" | "54" | "P0")) => Self::Refused(message),
            _ => Self::Away(message),
        }
    }
}
