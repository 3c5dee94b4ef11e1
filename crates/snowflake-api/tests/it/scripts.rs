//! Several statements in one session.

use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use daybook_snowflake_api::Script;
use daybook_testkit::Fault;

use crate::support::{World, code};

#[tokio::test]
async fn each_statement_has_its_result() {
    let world = World::create().await;
    let script = Script::new([
        "create table t (i int)",
        "begin",
        "insert into t values (1), (2) -- it's two",
        "commit",
        "select count(*) from t",
    ]);
    let mut results = world.client.execute_script(&script.query_tag("close")).await.unwrap();
    assert_eq!(results.len(), 5);
    let batches = results.pop().unwrap().into_all_batches().await.unwrap();
    assert_eq!(batches[0].column(0).as_primitive::<Decimal128Type>().value(0), 2);
}

#[tokio::test]
async fn a_script_of_one_statement_is_a_statement() {
    let world = World::create().await;
    let results = world.client.execute_script(&Script::new(["select 1"])).await.unwrap();
    assert_eq!(results.iter().map(daybook_snowflake_api::ResultSet::num_rows).collect::<Vec<_>>(), [1]);
}

#[tokio::test]
async fn a_transaction_that_fails_leaves_nothing() {
    let world = World::create().await;
    world.run("create table t (i int)").await;
    world.run("insert into t values (1)").await;
    let script = Script::new([
        "begin",
        "delete from t",
        "insert into t values (2)",
        "insert into nowhere values (3)",
        "commit",
    ]);
    let error = world.client.execute_script(&script).await.unwrap_err();
    assert_eq!(code(&error), Some(2003));
    assert_eq!(world.count("select sum(i)::number(38, 0) from t").await, 1);
}

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_is_executed_once() {
    let world = World::create().await;
    world.run("create table t (i int)").await;
    world.proxy.fault("POST", Fault::AnswerAfter(504, "busy"));
    let script = Script::new(["begin", "insert into t values (1)", "commit"]);
    world.client.execute_script(&script).await.unwrap();
    assert_eq!(world.count("select count(*) from t").await, 1);
}
