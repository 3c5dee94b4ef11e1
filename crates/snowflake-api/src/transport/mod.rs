//! Requests and answers over HTTP, tried again as long as that may help.

mod answer;
mod attempt;

use std::sync::atomic::{AtomicUsize, Ordering};

use backon::Retryable;
use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder};
use url::Url;

pub(crate) use self::answer::Answer;
use self::attempt::Trouble;
use crate::auth::Authorization;
use crate::error::deepest;
use crate::{Failure, Patience, SnowflakeError};

/// Snowflake refuses requests without one.
const USER_AGENT: &str = concat!("daybook/", env!("CARGO_PKG_VERSION"));
const STATEMENTS: &str = "/api/v2/statements";

/// One account's API, and who asks it.
#[derive(Debug)]
pub(crate) struct Transport {
    http: reqwest::Client,
    base: Url,
    authorization: Authorization,
    patience: Patience,
}

/// What is sent, as often as need be.
#[derive(Clone, Debug)]
struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Bytes>,
    /// Whether Snowflake has to be told that it may know the request already.
    marks_retries: bool,
}

impl Transport {
    pub(crate) fn new(
        base: Url,
        authorization: Authorization,
        patience: Patience,
    ) -> Result<Self, SnowflakeError> {
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(patience.connect)
            .read_timeout(patience.silence)
            .https_only(base.scheme() == "https")
            .build()
            .map_err(|error| SnowflakeError::Request(deepest(&error)))?;
        Ok(Self { http, base, authorization, patience })
    }

    pub(crate) fn patience(&self) -> &Patience {
        &self.patience
    }

    /// Has statements executed. Snowflake answers at once with their id, and executes them at most once, because each
    /// try bears the same `requestId`.
    ///
    /// The API doesn't say the id before it answers, so a statement can be cancelled from its beginning only because
    /// it is submitted with `async=true`.
    pub(crate) async fn submit(&self, request_id: &str, body: Vec<u8>) -> Result<Answer, SnowflakeError> {
        let query = vec![("requestId", request_id.to_owned()), ("async", "true".to_owned())];
        let path = STATEMENTS.to_owned();
        self.send(Request { method: Method::POST, path, query, body: Some(body.into()), marks_retries: true })
            .await
    }

    /// What became of a statement, and the first partition of its result.
    pub(crate) async fn ask(&self, handle: &str) -> Result<Answer, SnowflakeError> {
        self.get(handle, Vec::new()).await
    }

    /// A partition of a result. The first is number 0.
    pub(crate) async fn partition(&self, handle: &str, number: usize) -> Result<Answer, SnowflakeError> {
        self.get(handle, vec![("partition", number.to_string())]).await
    }

    /// Has a statement stopped. One that has ended stays as it is.
    pub(crate) async fn cancel(&self, handle: &str) -> Result<Answer, SnowflakeError> {
        let path = format!("{STATEMENTS}/{handle}/cancel");
        self.send(Request { method: Method::POST, path, query: Vec::new(), body: None, marks_retries: false })
            .await
    }

    async fn get(&self, handle: &str, query: Vec<(&'static str, String)>) -> Result<Answer, SnowflakeError> {
        let path = format!("{STATEMENTS}/{handle}");
        self.send(Request { method: Method::GET, path, query, body: None, marks_retries: false }).await
    }

    /// Any answer but those that say to come again later.
    async fn send(&self, request: Request) -> Result<Answer, SnowflakeError> {
        let attempts = AtomicUsize::new(0);
        let attempt = || async {
            let again = attempts.fetch_add(1, Ordering::Relaxed) > 0;
            self.attempt(&request, again).await
        };
        let answer = attempt
            .retry(self.patience.between_retries())
            .when(Trouble::may_pass)
            .adjust(|trouble: &Trouble, wait| wait.map(|wait| trouble.at_least(wait)))
            .notify(|trouble, wait| {
                tracing::warn!(%trouble, ?wait, path = request.path, "Snowflake is asked again");
            })
            .await;
        answer.map_err(|trouble| self.give_up(trouble, attempts.load(Ordering::Relaxed)))
    }

    async fn attempt(&self, request: &Request, again: bool) -> Result<Answer, Trouble> {
        let http_request = self.http_request(request, again).map_err(Trouble::Ours)?;
        let response = http_request.send().await.map_err(Trouble::Connection)?;
        let (status, headers) = (response.status(), response.headers().clone());
        // An answer is not there before it is there whole.
        let body = response.bytes().await.map_err(Trouble::Connection)?;
        Trouble::unless_busy(Answer::new(status, &headers, body), &headers)
    }

    fn http_request(&self, request: &Request, again: bool) -> Result<RequestBuilder, SnowflakeError> {
        let mut url = self.base.clone();
        url.set_path(&request.path);
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .query(&request.query)
            .header(ACCEPT, "application/json")
            .header(ACCEPT_ENCODING, "gzip")
            .header(AUTHORIZATION, self.authorization.header()?)
            .header("X-Snowflake-Authorization-Token-Type", self.authorization.token_type());
        if again && request.marks_retries {
            builder = builder.query(&[("retry", "true")]);
        }
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        Ok(builder)
    }

    fn give_up(&self, trouble: Trouble, attempts: usize) -> SnowflakeError {
        match trouble {
            Trouble::Ours(error) => error,
            Trouble::Busy { answer, .. } => self.failure(&answer),
            Trouble::Connection(error) => SnowflakeError::Unreachable {
                host: self.base.host_str().unwrap_or_default().to_owned(),
                reason: deepest(&error),
                attempts,
                source: error.without_url().into(),
            },
        }
    }

    /// The error that an answer is.
    pub(crate) fn failure(&self, answer: &Answer) -> SnowflakeError {
        match answer.content() {
            Ok(body) => Box::new(Failure::from_answer(answer.status(), &body, &self.authorization)).into(),
            Err(error) => error,
        }
    }
}
