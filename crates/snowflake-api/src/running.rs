//! Statements that Snowflake executes.

use std::sync::Arc;
use std::time::Duration;

use backon::BackoffBuilder;
use reqwest::StatusCode;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::request::Submission;
use crate::result::Executed;
use crate::transport::{Answer, Transport};
use crate::{ResultSet, SnowflakeError};

/// A statement, or a script's statements, that Snowflake executes.
///
/// Dropping it before it is known to have ended cancels it, within a Tokio runtime; [`Patience::statement`] bounds it
/// when there is none any more.
///
/// [`Patience::statement`]: crate::Patience::statement
#[derive(Debug)]
pub struct Running {
    transport: Arc<Transport>,
    query_id: String,
    statements: usize,
    deadline: Instant,
    waits: Duration,
    has_ended: bool,
}

/// What every answer about a statement names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    statement_handle: String,
}

impl Running {
    pub(crate) async fn start(
        transport: Arc<Transport>,
        request_id: &str,
        submission: Submission,
    ) -> Result<Self, SnowflakeError> {
        let waits = submission.timeout + transport.patience().grace;
        let deadline = Instant::now() + waits;
        let answer = transport.submit(request_id, submission.body).await?;
        if !matches!(answer.status(), StatusCode::OK | StatusCode::ACCEPTED) {
            return Err(transport.failure(&answer));
        }
        let query_id = answer.json::<Named>().await?.statement_handle;
        tracing::debug!(query_id, request_id, statements = submission.statements, "Snowflake executes");
        Ok(Self { transport, query_id, statements: submission.statements, deadline, waits, has_ended: false })
    }

    /// Snowflake's id of the statement, or of the script.
    pub fn query_id(&self) -> &str {
        &self.query_id
    }

    /// Waits for the result: of a script, the last statement's.
    ///
    /// # Errors
    /// When the statement fails or takes too long, or the network does.
    pub async fn result(self) -> Result<ResultSet, SnowflakeError> {
        let mut results = self.results().await?;
        results.pop().ok_or_else(|| SnowflakeError::Unexpected("no result".to_owned()))
    }

    /// Waits for the result of each statement.
    ///
    /// # Errors
    /// When a statement fails or they take too long, or the network does.
    pub async fn results(mut self) -> Result<Vec<ResultSet>, SnowflakeError> {
        let executed = self.ended().await?;
        if self.statements == 1 {
            return Ok(vec![ResultSet::new(Arc::clone(&self.transport), executed)?]);
        }
        let handles = executed.into_statement_handles();
        if handles.len() != self.statements {
            let (sent, answered) = (self.statements, handles.len());
            return Err(SnowflakeError::Unexpected(format!("{answered} results of {sent} statements")));
        }
        let mut results = Vec::with_capacity(handles.len());
        for handle in handles {
            let answer = self.transport.ask(&handle).await?;
            let executed = self.unless_failed(answer)?.json().await?;
            results.push(ResultSet::new(Arc::clone(&self.transport), executed)?);
        }
        Ok(results)
    }

    /// Waits for the end, whatever the results.
    ///
    /// # Errors
    /// When a statement fails or they take too long, or the network does.
    pub async fn end(mut self) -> Result<(), SnowflakeError> {
        self.ended().await.map(drop)
    }

    /// Stops the statement; [`Running::result`] then fails with Snowflake's code 604, unless it had ended before.
    ///
    /// # Errors
    /// When Snowflake cannot be reached.
    pub async fn cancel(&self) -> Result<(), SnowflakeError> {
        cancel(&self.transport, &self.query_id).await
    }

    /// Asks until the statement has ended, or its time is over.
    async fn ended(&mut self) -> Result<Executed, SnowflakeError> {
        for wait in self.transport.patience().between_polls().build() {
            let answer = self.transport.ask(&self.query_id).await?;
            if answer.status() != StatusCode::ACCEPTED {
                self.has_ended = true;
                return self.unless_failed(answer)?.json().await;
            }
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(wait.min(left)).await;
        }
        // Waits for it, as whoever drops this cannot: the error says that it is cancelled.
        self.cancel().await?;
        self.has_ended = true;
        Err(SnowflakeError::Deadline { waited: self.waits, query_id: self.query_id.clone() })
    }

    fn unless_failed(&self, answer: Answer) -> Result<Answer, SnowflakeError> {
        if answer.status() == StatusCode::OK { Ok(answer) } else { Err(self.transport.failure(&answer)) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            tracing::warn!(
                query_id = self.query_id,
                "a statement that nobody waits for runs until its timeout"
            );
            return;
        };
        let (transport, query_id) = (Arc::clone(&self.transport), std::mem::take(&mut self.query_id));
        runtime.spawn(async move {
            if let Err(error) = cancel(&transport, &query_id).await {
                tracing::warn!(%error, query_id, "a statement that nobody waits for cannot be cancelled");
            }
        });
    }
}

/// That a statement cannot be cancelled any more is no failure: it has ended.
async fn cancel(transport: &Transport, query_id: &str) -> Result<(), SnowflakeError> {
    let answer = transport.cancel(query_id).await?;
    if matches!(answer.status(), StatusCode::OK | StatusCode::UNPROCESSABLE_ENTITY) {
        tracing::debug!(query_id, "cancelled");
        return Ok(());
    }
    Err(transport.failure(&answer))
}
