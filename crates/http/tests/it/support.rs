//! A server with a database of its own, and a client.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use daybook_http::{
    Books, BooksError, ClosedOrder, HttpOptions, HttpServer, RunCounts, Services, Stretch, WebhookSecrets,
};
use daybook_model::Clock;
use daybook_ods::{LoadOptions, Ods, Scope};
use daybook_storage::StorageOptions;
use daybook_testkit::{FaultProxy, TestBucket, TestDatabase};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use standardwebhooks::Webhook;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::logs::subscribe;

pub(crate) const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
pub(crate) const OLD_SECRET: &str = "whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oD";
pub(crate) const SHOPIFY_SECRET: &str = "hush-hush-hush-hush";

/// A server in front of a database of its own, unless a test says otherwise.
pub(crate) struct Front {
    pub(crate) ods: Ods,
    pub(crate) base: String,
    pub(crate) client: Client,
    pub(crate) books: Arc<FakeBooks>,
    url: String,
    landing: TempDir,
    token: String,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

impl Front {
    pub(crate) async fn open() -> Self {
        Self::with(|_| ()).await
    }

    /// A server with other options than usual.
    pub(crate) async fn with(change: impl FnOnce(&mut HttpOptions)) -> Self {
        Self::before(TestDatabase::create().await.unwrap().url(), change).await
    }

    /// A server in front of the empty database of that URL.
    pub(crate) async fn before(url: String, change: impl FnOnce(&mut HttpOptions)) -> Self {
        let ods = Ods::connect(&url, Clock::default()).await.unwrap();
        ods.migrate().await.unwrap();
        let token = ods.create_token("test", &Scope::ALL).await.unwrap();
        Self::serve(ods, url, token, LoadOptions::default(), change).await
    }

    /// A server whose landing place is in a bucket.
    pub(crate) async fn landing_in(bucket: &TestBucket) -> Self {
        Self::landing_at(bucket, bucket.variables()).await
    }

    /// The same, with a network in between.
    pub(crate) async fn landing_through(bucket: &TestBucket, proxy: &FaultProxy) -> Self {
        Self::landing_at(bucket, bucket.variables_through(proxy)).await
    }

    async fn landing_at(bucket: &TestBucket, variables: Vec<(String, String)>) -> Self {
        let url = TestDatabase::create().await.unwrap().url();
        let ods = Ods::connect(&url, Clock::default()).await.unwrap();
        ods.migrate().await.unwrap();
        let token = ods.create_token("test", &Scope::ALL).await.unwrap();
        let storage = StorageOptions::from_variables(variables);
        let load_options = LoadOptions { storage, ..LoadOptions::default() };
        let landing = bucket.url("in").parse().unwrap();
        Self::serve(ods, url, token, load_options, |options| options.landing = landing).await
    }

    /// Another server in front of the same database.
    pub(crate) async fn beside(&self) -> Self {
        let ods = Ods::connect(&self.url, Clock::default()).await.unwrap();
        Self::serve(ods, self.url.clone(), self.token.clone(), LoadOptions::default(), |_| ()).await
    }

    async fn serve(
        ods: Ods,
        url: String,
        token: String,
        load_options: LoadOptions,
        change: impl FnOnce(&mut HttpOptions),
    ) -> Self {
        let landing = TempDir::new().unwrap();
        let mut options = options(landing.path());
        change(&mut options);
        let books = Arc::new(FakeBooks::default());
        let services = Services::new(books.clone(), load_options, Clock::default());
        assert!(services.ods.set(ods.clone()).is_ok());
        let server = HttpServer::bind(options, services).await.unwrap();
        let base = format!("http://{}", server.address().unwrap());
        let stop = CancellationToken::new();
        let served = tokio::spawn({
            let stop = stop.clone();
            async move { server.serve(stop).await.unwrap() }
        });
        Self { ods, base, client: Client::new(), books, url, landing, token, stop, served }
    }

    pub(crate) fn landing(&self) -> &Path {
        self.landing.path()
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// A request without a token.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).timeout(Duration::from_secs(30))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(method, path).json(body).send().await.unwrap()).await
    }

    /// Sends a webhook as its sender signs it.
    pub(crate) async fn webhook(&self, secret: &str, body: &str) -> Answer {
        let mut request = self.bare(Method::POST, "/v1/webhooks/transactions");
        for (name, value) in signed(secret, body) {
            request = request.header(name, value);
        }
        Answer::of(request.body(body.to_owned()).send().await.unwrap()).await
    }

    /// Each payment that is stored, by id.
    pub(crate) async fn payments(&self) -> Vec<(String, String)> {
        sqlx::query_as("select id, status from ods.transaction order by id")
            .fetch_all(self.ods.pool())
            .await
            .unwrap()
    }

    /// A session of somebody else in the same database.
    pub(crate) async fn session(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    /// Waits until a session of the server waits for a lock.
    pub(crate) async fn somebody_waits(&self) {
        let query = "select exists (select from pg_stat_activity \
                     where datname = current_database() and wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(query).fetch_one(self.ods.pool()).await.unwrap() {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until no session of the server waits for a lock.
    pub(crate) async fn nobody_waits(&self) {
        let query = "select count(*) from pg_stat_activity \
                     where datname = current_database() and wait_event_type = 'Lock'";
        for _ in 0..200 {
            if sqlx::query_scalar::<_, i64>(query).fetch_one(self.ods.pool()).await.unwrap() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("a session still waits for a lock");
    }

    pub(crate) async fn execute(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(self.ods.pool()).await.unwrap();
    }

    /// Tells the server to stop.
    pub(crate) fn tell_to_stop(&self) {
        self.stop.cancel();
    }

    /// Stops the server and waits until it has ended.
    pub(crate) async fn stop(self) -> Ods {
        self.stop.cancel();
        self.served.await.unwrap();
        self.ods
    }
}

/// The headers of a webhook with that body.
pub(crate) fn signed(secret: &str, body: &str) -> [(&'static str, String); 4] {
    let now = chrono::Utc::now().timestamp();
    let signature = Webhook::new(secret).unwrap().sign("msg_1", now, body.as_bytes()).unwrap();
    [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", now.to_string()),
        ("webhook-signature", signature),
        ("content-type", "application/json".to_owned()),
    ]
}

pub(crate) fn options(landing: &Path) -> HttpOptions {
    subscribe();
    HttpOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: None,
        insecure_no_auth: false,
        webhooks: WebhookSecrets {
            standard: vec![OLD_SECRET.to_owned(), SECRET.to_owned()],
            shopify: vec![SHOPIFY_SECRET.to_owned()],
        },
        webhook_tolerance: TimeDelta::minutes(5),
        landing: Url::from_directory_path(landing).unwrap(),
        max_body: 64 * 1024,
        timeout: Duration::from_secs(20),
        max_concurrent: 64,
        max_requests_per_second: 0,
    }
}

pub(crate) fn services() -> Services {
    Services::new(Arc::new(FakeBooks::default()), LoadOptions::default(), Clock::default())
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) etag: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert!(header("x-request-id").is_some(), "every answer can be found in the log");
        Self {
            status: response.status(),
            content_type: header("content-type").unwrap_or_default(),
            etag: header("etag"),
            retry_after: header("retry-after"),
            text: response.text().await.unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// Asserts a problem document of that status, and gives it.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.content_type, "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["type"].as_str().unwrap().starts_with("urn:daybook:problem:"), "{problem}");
        problem
    }
}

/// A warehouse in which nothing was published yet, unless a test says otherwise. What is behind the trait is tested with
/// the binary.
#[derive(Default)]
pub(crate) struct FakeBooks {
    /// What is published.
    pub(crate) closed: Mutex<Vec<ClosedOrder>>,
    pub(crate) runs: Mutex<RunCounts>,
    /// Why the books cannot be read.
    pub(crate) trouble: Mutex<Option<String>>,
    /// What a mistake of ours says when it asks for the runs.
    pub(crate) panic: Mutex<Option<String>>,
}

#[async_trait]
impl Books for FakeBooks {
    async fn check(&self) -> Result<(), BooksError> {
        match self.trouble.lock().unwrap().clone() {
            Some(trouble) => Err(BooksError::Failed(trouble)),
            None => Ok(()),
        }
    }

    async fn status(&self, _ods: &Ods) -> Result<Value, BooksError> {
        self.check().await?;
        Ok(json!({}))
    }

    async fn runs(&self, _ods: &Ods, _limit: u32) -> Result<Vec<Value>, BooksError> {
        let panic = self.panic.lock().unwrap().clone();
        assert!(panic.is_none(), "{panic:?}");
        Ok(Vec::new())
    }

    async fn run_counts(&self, _ods: &Ods) -> Result<RunCounts, BooksError> {
        Ok(self.runs.lock().unwrap().clone())
    }

    async fn start_run(&self, days: Option<(NaiveDate, NaiveDate)>) -> Result<(), BooksError> {
        match days {
            None => Ok(()),
            Some(_) => Err(BooksError::Busy("a close is under way".to_owned())),
        }
    }

    async fn closed_orders(
        &self,
        customer_id: &str,
        stretch: Stretch<'_>,
        limit: usize,
    ) -> Result<Vec<ClosedOrder>, BooksError> {
        let place = |order: &ClosedOrder| (order.processed_timestamp, order.id.clone());
        let mut orders = self.closed.lock().unwrap().clone();
        orders.retain(|order| {
            let is_after = stretch
                .after
                .is_none_or(|cursor| place(order) < (cursor.processed_timestamp, cursor.id.clone()));
            let is_before = stretch.not_before.is_some_and(|time| order.processed_timestamp < time);
            order.customer_id == customer_id && is_after && !is_before
        });
        orders.sort_by_key(|order| std::cmp::Reverse(place(order)));
        orders.truncate(limit);
        Ok(orders)
    }

    async fn closed_order(&self, id: &str) -> Result<Option<ClosedOrder>, BooksError> {
        Ok(self.closed.lock().unwrap().iter().find(|order| order.id == id).cloned())
    }
}
