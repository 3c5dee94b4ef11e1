//! PostgreSQL stops, and comes back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use daybook_local_postgres::{LocalPostgres, Settings};
use daybook_testkit::TestDatabase;
use reqwest::Method;
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use url::Url;

use crate::support::{Answer, Front, SECRET};

const EVENT: &str = r#"{"id":"t1","order_id":"o1","status":"failed","created_at":"2024-05-01T10:00:00Z"}"#;

async fn start(folder: &Path) -> LocalPostgres {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || LocalPostgres::start(&folder, &Settings::throwaway()))
        .await
        .unwrap()
        .unwrap()
}

async fn stop(postgres: LocalPostgres) {
    tokio::task::spawn_blocking(move || postgres.stop_if_last()).await.unwrap().unwrap();
}

#[tokio::test]
async fn while_postgresql_is_stopped_everybody_is_told_to_come_again_and_then_it_goes_on() {
    let folder = TempDir::new().unwrap();
    // if root runs the tests, the server runs as a user that must get in
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let postgres = start(folder.path()).await;
    let front = Front::before(postgres.url(), |_| ()).await;
    let later = EVENT.replace("failed", "success").replace("10:00:00Z", "10:00:01Z");
    let ready = async || {
        let request = front.bare(Method::GET, "/readyz");
        Answer::of(request.send().await.unwrap()).await.status
    };
    assert_eq!(front.webhook(SECRET, EVENT).await.status, 200);
    assert_eq!(front.get("/v1/status").await.status, 200);
    assert_eq!(front.get("/metrics").await.status, 200);
    assert_eq!(ready().await, 200);

    stop(postgres).await;
    let (webhook, question) = tokio::join!(front.webhook(SECRET, &later), front.get("/v1/status"));
    for answer in [webhook, question] {
        answer.problem(503);
        assert_eq!(answer.retry_after.as_deref(), Some("5"));
    }
    // an answer is good for a second
    while ready().await != 503 {}
    // of what this process knows itself, whoever asked before is still told
    let metrics = front.get("/metrics").await;
    assert_eq!(metrics.status, 200, "{metrics:?}");
    assert!(metrics.text.contains("daybook_database_answers 0"), "{}", metrics.text);
    assert!(!metrics.text.contains("daybook_loads"), "{}", metrics.text);

    let postgres = start(folder.path()).await;
    assert_eq!(front.payments().await, [("t1".to_owned(), "failed".to_owned())]);
    assert_eq!(front.webhook(SECRET, &later).await.status, 200);
    assert_eq!(front.get("/v1/status").await.status, 200);
    while ready().await != 200 {}
    assert_eq!(front.payments().await, [("t1".to_owned(), "success".to_owned())]);
    stop(postgres).await;
}

#[tokio::test]
async fn while_the_password_is_another_everybody_is_told_to_come_again() {
    let mut url: Url = TestDatabase::create().await.unwrap().url().parse().unwrap();
    let mut admin = PgConnection::connect(url.as_str()).await.unwrap();
    sqlx::raw_sql("create role rotated superuser login password 'old'").execute(&mut admin).await.unwrap();
    url.set_username("rotated").unwrap();
    url.set_password(Some("old")).unwrap();
    let front = Front::before(url.to_string(), |_| ()).await;
    assert_eq!(front.get("/v1/status").await.status, 200);

    sqlx::raw_sql("alter role rotated password 'new'").execute(&mut admin).await.unwrap();
    let cut = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = 'rotated'";
    sqlx::raw_sql(cut).execute(&mut admin).await.unwrap();
    let refused = front.get("/v1/status").await;
    refused.problem(503);
    assert_eq!(refused.retry_after.as_deref(), Some("5"));

    sqlx::raw_sql("alter role rotated password 'old'").execute(&mut admin).await.unwrap();
    assert_eq!(front.get("/v1/status").await.status, 200);
}
