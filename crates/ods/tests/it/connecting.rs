//! Connecting and migrating.

use std::time::Duration;

use daybook_model::Clock;
use daybook_ods::{CatalogueError, Ods, OdsError, Precondition};

use crate::support::Shop;

#[tokio::test]
async fn a_stopped_server_is_an_error_that_says_what_to_do() {
    let error = Ods::connect("postgres://me:secret@127.0.0.1:1/books", Clock::default()).await.unwrap_err();
    let shown = error.to_string();
    assert!(matches!(error, OdsError::Unreachable { .. }), "{shown}");
    assert!(shown.contains("127.0.0.1:1/books"), "{shown}");
    assert!(shown.contains("start it"), "{shown}");
    assert!(!shown.contains("secret") && !shown.contains('\n'), "{shown}");
}

#[tokio::test]
async fn a_wrong_url_is_not_repeated_with_its_password() {
    let error = Ods::connect("mysql//me:secret@host", Clock::default()).await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(matches!(error, OdsError::Url(_)), "{error}");
}

#[tokio::test]
async fn a_missing_database_is_told_apart() {
    let shop = Shop::open().await;
    let url = shop.url.replacen("/test_", "/nowhere_", 1);
    let error = Ods::connect(&url, Clock::default()).await.unwrap_err();
    assert!(matches!(error, OdsError::ConnectionRefused { .. }), "{error}");
}

#[tokio::test]
async fn migrating_is_safe_to_repeat_and_at_once() {
    let shop = Shop::open().await;
    let other = shop.at("2024-05-11 00:00:00").await;
    let (one, two) = tokio::join!(shop.ods.migrate(), other.migrate());
    one.unwrap();
    two.unwrap();
    let status = shop.ods.status().await.unwrap();
    assert_eq!(status.loads.loaded, 0);
    assert_eq!(shop.ods.earliest_date("UTC".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn a_database_without_tables_says_to_initialise_it() {
    let database = daybook_testkit::TestDatabase::create().await.unwrap();
    let ods = Ods::connect(&database.url(), Clock::default()).await.unwrap();
    let error = ods.status().await.unwrap_err();
    assert!(matches!(error, OdsError::NotMigrated(_)), "{error}");
}

#[tokio::test]
async fn a_server_without_a_connection_left_is_told_apart() {
    let shop = Shop::open().await;
    shop.execute("create role full_house login password 'full_house' connection limit 0").await;
    let mut url: url::Url = shop.url.parse().unwrap();
    url.set_username("full_house").unwrap();
    url.set_password(Some("full_house")).unwrap();
    let error = Ods::connect(url.as_str(), Clock::default()).await.unwrap_err();
    assert!(matches!(error, OdsError::Full { .. }) && error.is_outage(), "{error}");
}

#[tokio::test]
async fn whoever_is_let_in_no_more_may_come_again() {
    let shop = Shop::open().await;
    shop.execute("create role rotated superuser login password 'old'").await;
    shop.execute("create database dropped").await;
    let mut url: url::Url = shop.url.parse().unwrap();
    url.set_username("rotated").unwrap();
    url.set_password(Some("old")).unwrap();
    let connect = async |url: &url::Url| Ods::connect(url.as_str(), Clock::default()).await.unwrap();
    // no connection is kept until one is needed
    let with_password = connect(&url).await;
    url.set_path("/dropped");
    let with_database = connect(&url).await;
    shop.execute("alter role rotated password 'new'").await;
    let error = with_password.tokens().await.unwrap_err();
    assert!(error.is_outage() && error.to_string().contains("password"), "{error}");
    shop.execute("alter role rotated password 'old'").await;
    shop.execute("drop database dropped").await;
    let error = with_database.tokens().await.unwrap_err();
    assert!(error.is_outage() && error.to_string().contains("dropped"), "{error}");
}

#[tokio::test]
async fn a_request_gives_up_where_a_load_would_wait() {
    let shop = Shop::open().await;
    shop.execute("insert into ods.product values ('p', 'Mug', 'kitchen', '2024-05-01')").await;
    let requests = shop.ods.for_requests(Duration::from_millis(200));
    let slow = sqlx::query("select pg_sleep(60)").execute(requests.pool()).await.unwrap_err();
    assert!(matches!(OdsError::from(slow), OdsError::GaveUp(_)));
    let patient = shop.ods.for_requests(Duration::from_secs(60));
    let mut editor = shop.ods.pool().begin().await.unwrap();
    sqlx::query("select from ods.product for update").execute(&mut *editor).await.unwrap();
    let locked = patient.delete_product("p", &Precondition::None).await.unwrap_err();
    assert!(matches!(locked, CatalogueError::Ods(OdsError::GaveUp(_))), "{locked}");
}
