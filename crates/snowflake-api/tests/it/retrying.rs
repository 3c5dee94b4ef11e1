//! Networks and servers that fail for a while: every statement is executed once.

use daybook_snowflake_api::{SnowflakeError, Statement};
use daybook_testkit::Fault;

use crate::support::{World, code};

/// The value of `requestId` in a request's first line.
fn request_id(line: &str) -> &str {
    let (_, rest) = line.split_once("requestId=").unwrap();
    rest.split(['&', ' ']).next().unwrap()
}

#[tokio::test]
async fn a_statement_whose_answer_is_lost_is_executed_once() {
    let world = World::create().await;
    world.run("create table t (i int)").await;
    let before = world.proxy.requests("POST").len();
    world.proxy.fault("POST", Fault::AnswerAfter(503, "busy"));
    world.proxy.fault("POST", Fault::AnswerAfter(429, "slow down"));
    world.run("insert into t values (1)").await;

    let tries = world.proxy.requests("POST").split_off(before);
    assert_eq!(tries.len(), 3, "{tries:?}");
    assert!(!tries[0].contains("retry="), "{tries:?}");
    assert!(tries[1..].iter().all(|line| line.contains("retry=true")), "{tries:?}");
    assert!(tries.iter().all(|line| request_id(line) == request_id(&tries[0])), "{tries:?}");
    assert_eq!(world.count("select count(*) from t").await, 1);
}

#[tokio::test]
async fn each_statement_is_a_request_of_its_own() {
    let world = World::create().await;
    world.run("create table t (i int)").await;
    world.run("insert into t values (1)").await;
    world.run("insert into t values (1)").await;
    assert_eq!(world.count("select count(*) from t").await, 2);
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again() {
    let world = World::create().await;
    world.proxy.fault("POST", Fault::Reset);
    world.proxy.fault("GET", Fault::CutAfter(10));
    assert_eq!(world.count("select count(*) from (select 1)").await, 1);
}

#[tokio::test]
async fn a_server_that_stays_busy_is_given_up() {
    let world = World::create().await;
    for _ in 0..4 {
        world.proxy.fault("POST", Fault::Answer(503, r#"{"code": "000001", "message": "try later"}"#));
    }
    let error = world.client.execute(&Statement::new("select 1")).await.unwrap_err();
    assert_eq!(code(&error), Some(1));
    assert_eq!(world.proxy.requests("POST").len(), 4);
}

#[tokio::test]
async fn a_network_that_stays_broken_is_given_up() {
    let world = World::create().await;
    for _ in 0..4 {
        world.proxy.fault("POST", Fault::Reset);
    }
    let error = world.client.execute(&Statement::new("select 1")).await.unwrap_err();
    assert!(matches!(error, SnowflakeError::Unreachable { attempts: 4, .. }), "{error}");
    assert!(error.to_string().contains("127.0.0.1 cannot be reached"), "{error}");
}
