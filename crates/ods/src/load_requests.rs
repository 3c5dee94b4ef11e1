//! Loads that somebody asked for, and that a long-running process does.

use chrono::NaiveDateTime;
use serde_json::Value;
use sqlx::{ConnectOptions, Connection, FromRow, PgConnection};

use crate::{Ods, OdsError};

/// A load that was asked for.
#[derive(Clone, Debug, FromRow)]
pub struct LoadRequest {
    /// Names it.
    pub id: i64,
    /// The batch directory, prefix or event file; no two requests have the same.
    pub uri: String,
    /// How far it is.
    #[sqlx(try_from = "String")]
    pub state: LoadState,
    /// Why it failed.
    pub message: Option<String>,
    /// What became of each batch, as its worker wrote it down.
    pub result: Value,
    /// When it was last asked for, UTC.
    pub requested_at: NaiveDateTime,
    /// When it last ended, UTC.
    pub finished_at: Option<NaiveDateTime>,
}

/// How far a load is that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadState {
    /// It waits for a worker.
    Queued,
    /// A worker does it, or has died meanwhile.
    Running,
    /// What is there was looked at; each batch has its own end.
    Done,
    /// It came to nothing.
    Failed,
}

impl LoadState {
    const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Done, Self::Failed];

    const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl TryFrom<String> for LoadState {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let state = Self::ALL.into_iter().find(|state| state.name() == name);
        state.ok_or_else(|| format!("'{name}' is no state of a load"))
    }
}

/// A request that this process works on. PostgreSQL gives it back to others when the process dies.
pub struct ClaimedLoad {
    /// What to load.
    pub request: LoadRequest,
    /// Holds the claim.
    connection: PgConnection,
}

impl Ods {
    /// Asks for a load. The same place again is the same request; one that has ended is done again, which finds what is
    /// new there.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn request_load(&self, uri: &str) -> Result<LoadRequest, OdsError> {
        Ok(sqlx::query_as(include_str!("../queries/load_request/upsert.sql"))
            .bind(uri)
            .bind(self.clock().now())
            .fetch_one(self.pool())
            .await?)
    }

    /// The request of that id, if there is one.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn load_request(&self, id: i64) -> Result<Option<LoadRequest>, OdsError> {
        let query = "select * from daybook.load_request where id = $1";
        Ok(sqlx::query_as(query).bind(id).fetch_optional(self.pool()).await?)
    }

    /// Claims the oldest request that waits, or whose worker has died, but none of `except`; none if there is none.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn claim_load(&self, except: &[i64]) -> Result<Option<ClaimedLoad>, OdsError> {
        let query = "select * from daybook.load_request \
                     where state in ('queued', 'running') and id <> all($1) order by id";
        let open: Vec<LoadRequest> = sqlx::query_as(query).bind(except).fetch_all(self.pool()).await?;
        if open.is_empty() {
            return Ok(None);
        }
        // a connection of its own: the claim lives as long as the session
        let mut connection = self.pool().connect_options().connect().await?;
        for request in open {
            if claim(&mut connection, request.id).await? {
                return Ok(Some(ClaimedLoad { request, connection }));
            }
        }
        connection.close().await?;
        Ok(None)
    }
}

async fn claim(connection: &mut PgConnection, id: i64) -> Result<bool, sqlx::Error> {
    let lock = "select pg_try_advisory_lock(hashtextextended('daybook.load_request', $1))";
    let is_ours: bool = sqlx::query_scalar(lock).bind(id).fetch_one(&mut *connection).await?;
    if !is_ours {
        return Ok(false);
    }
    // whoever had it may just have ended
    let run = "update daybook.load_request set state = 'running', is_asked_again = false \
               where id = $1 and state in ('queued', 'running')";
    let is_open = sqlx::query(run).bind(id).execute(&mut *connection).await?.rows_affected() > 0;
    if !is_open {
        let unlock = "select pg_advisory_unlock(hashtextextended('daybook.load_request', $1))";
        sqlx::query(unlock).bind(id).execute(&mut *connection).await?;
    }
    Ok(is_open)
}

impl ClaimedLoad {
    /// Writes down how it ended: what became of each batch, and why it failed if it did. If it was asked for again
    /// meanwhile, it is queued again, for this worker may not have seen what is new.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn finish(
        mut self,
        result: &Value,
        failure: Option<&str>,
        now: NaiveDateTime,
    ) -> Result<(), OdsError> {
        let state = if failure.is_some() { LoadState::Failed } else { LoadState::Done };
        sqlx::query(include_str!("../queries/load_request/finish.sql"))
            .bind(self.request.id)
            .bind(state.name())
            .bind(failure.map(without_nul))
            .bind(storable(result))
            .bind(now)
            .execute(&mut self.connection)
            .await?;
        Ok(self.connection.close().await?)
    }

    /// Lets others take it, as if it had never been claimed.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails; it is taken up again all the same, since the claim ends with the session.
    pub async fn give_back(mut self) -> Result<(), OdsError> {
        let queue = "update daybook.load_request set state = 'queued' where id = $1";
        sqlx::query(queue).bind(self.request.id).execute(&mut self.connection).await?;
        Ok(self.connection.close().await?)
    }
}

/// PostgreSQL's texts hold no NUL, but the files and names that messages speak of may.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn storable(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::Array(values) => values.iter().map(storable).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (without_nul(name), storable(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}
