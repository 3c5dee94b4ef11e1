//! Statements that nobody waits for any more.

use std::time::Duration;

use daybook_snowflake_api::{Patience, SnowflakeError, Statement};
use daybook_testkit::Fault;
use tokio::time::timeout;

use crate::support::{World, code, impatient};

/// Longer than any test may take.
const LONG: &str = "call system$wait(600)";
/// A failing test ends then.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_cancelled_statement_ends() {
    let world = World::create().await;
    let running = world.client.submit(&Statement::new(LONG)).await.unwrap();
    running.cancel().await.unwrap();
    let error = timeout(PATIENCE, running.result()).await.unwrap().unwrap_err();
    assert_eq!(code(&error), Some(604));
}

#[tokio::test]
async fn cancelling_what_has_ended_changes_nothing() {
    let world = World::create().await;
    let running = world.client.submit(&Statement::new("select 1")).await.unwrap();
    let handle = running.query_id().to_owned();
    assert_eq!(running.result().await.unwrap().query_id(), handle);
    let running = world.client.submit(&Statement::new("select 1")).await.unwrap();
    world.client.execute(&Statement::new("call system$wait(0.1)")).await.unwrap();
    running.cancel().await.unwrap();
    running.result().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_is_dropped_is_cancelled() {
    let world = World::create().await;
    let running = world.client.submit(&Statement::new(LONG)).await.unwrap();
    let cancels = format!("POST /api/v2/statements/{}/cancel", running.query_id());
    drop(running);
    timeout(PATIENCE, world.proxy.requested(&cancels)).await.unwrap();
}

#[tokio::test]
async fn a_wait_that_is_dropped_cancels() {
    let world = World::create().await;
    let statement = Statement::new(LONG);
    let mut waiting = Box::pin(world.client.execute(&statement));
    tokio::select! {
        _ = &mut waiting => panic!("it cannot have ended"),
        () = world.proxy.requested("GET") => {}
    }
    drop(waiting);
    timeout(PATIENCE, world.proxy.requested("/cancel")).await.unwrap();
}

#[tokio::test]
async fn a_statement_that_is_dropped_while_it_is_submitted_is_cancelled() {
    let world = World::create().await;
    // The first try's answer is lost, so that nobody knows the statement's id when the wait is dropped.
    world.proxy.fault("POST", Fault::AnswerAfter(503, "busy"));
    let statement = Statement::new(LONG);
    let mut waiting = Box::pin(world.client.execute(&statement));
    tokio::select! {
        _ = &mut waiting => panic!("it cannot have ended"),
        () = world.proxy.requested("POST") => {}
    }
    drop(waiting);
    timeout(PATIENCE, world.proxy.requested("/cancel")).await.unwrap();
}

#[tokio::test]
async fn a_statement_that_has_ended_is_not_cancelled() {
    let world = World::create().await;
    world.run("select 1").await;
    let failed = world.client.execute(&Statement::new("select * from nowhere")).await;
    assert!(failed.is_err());
    // Whatever a drop set off comes before this has ended.
    world.run("call system$wait(0.2)").await;
    assert_eq!(world.proxy.requests("/cancel").len(), 0);
}

#[tokio::test]
async fn snowflake_ends_a_statement_at_its_timeout() {
    let world = World::create().await;
    let statement = Statement::new(LONG).timeout(Duration::from_secs(1));
    let error = world.client.execute(&statement).await.unwrap_err();
    assert_eq!((code(&error), error.failure().unwrap().status), (Some(630), 408));
    assert!(error.to_string().contains("raise it"), "{error}");
}

#[tokio::test]
async fn a_statement_that_snowflake_does_not_end_is_cancelled_at_the_deadline() {
    let world = World::create().await;
    let client = world.client_with_patience(Patience { grace: Duration::ZERO, ..impatient() });
    // Snowflake is told a whole second.
    let statement = Statement::new(LONG).timeout(Duration::from_millis(50));
    let error = client.execute(&statement).await.unwrap_err();
    let SnowflakeError::Deadline { query_id, .. } = &error else { panic!("{error}") };
    assert_eq!(world.proxy.requests(&format!("{query_id}/cancel")).len(), 1);
}
