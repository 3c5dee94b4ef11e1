//! Connecting and migrating.

use daybook_model::Clock;
use daybook_ods::{Ods, OdsError};

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
