//! Each test has a database of its own on the process's one server.

use std::time::{Duration, Instant};

use daybook_testkit::TestDatabase;
use sqlx::{Connection, PgConnection};

async fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(&database.url()).await.unwrap()
}

#[tokio::test]
async fn a_database_is_empty_and_nobody_elses() {
    let (first, second) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_ne!(first.url(), second.url());
    sqlx::query("create table mine (id int)").execute(&mut connect(&first).await).await.unwrap();
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
        .fetch_one(&mut connect(&second).await)
        .await
        .unwrap();
    assert_eq!(tables, 0);
}

#[tokio::test]
async fn the_server_speaks_utf8_and_utc_and_compares_bytewise() {
    let database = TestDatabase::create().await.unwrap();
    let settings: (String, String, bool) =
        sqlx::query_as("select current_setting('server_encoding'), current_setting('timezone'), 'B' < 'a'")
            .fetch_one(&mut connect(&database).await)
            .await
            .unwrap();
    assert_eq!(settings, ("UTF8".to_owned(), "UTC".to_owned(), true));
}

#[test]
fn runtimes_share_the_server() {
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = TestDatabase::create().await.unwrap();
            connect(&database).await.ping().await.unwrap();
        });
    }
}

#[tokio::test]
async fn the_next_database_is_quick() {
    TestDatabase::create().await.unwrap();
    let begun = Instant::now();
    TestDatabase::create().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "took {:?}", begun.elapsed());
}
