//! Results: their types, their partitions, and waiting for them.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, Time64NanosecondType, TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use chrono::NaiveDate;
use daybook_snowflake_api::{Credentials, Statement};
use daybook_testkit::Fault;
use futures::TryStreamExt;

use crate::support::World;

const TYPES: &str = "
    select 12::number(5, 0) as small, 99999999999999999999999999999999999.99::number(37, 2) as large, 0.1::float as real,
        'it''s; ü' as text, true as truth, '0001-01-01'::date as day, '23:59:59.999999'::time as time,
        '1969-12-31 23:59:59.5'::timestamp_ntz as at, '2024-03-01 12:00:00 +0200'::timestamp_tz as instant,
        to_binary('00FF', 'HEX') as bytes, parse_json('{\"a\": [1, null]}') as json, null::varchar as nothing";

#[tokio::test]
async fn every_type_arrives_as_what_it_is() {
    let world = World::create().await;
    let batch = world.batch(&Statement::new(TYPES)).await;
    let column = |name: &str| -> ArrayRef { Arc::clone(batch.column_by_name(name).unwrap()) };
    assert_eq!(batch.num_rows(), 1);
    assert_eq!(column("SMALL").as_primitive::<Int64Type>().value(0), 12);
    assert_eq!(column("LARGE").data_type(), &DataType::Decimal128(37, 2));
    assert_eq!(column("LARGE").as_primitive::<Decimal128Type>().value(0), 10_i128.pow(37) - 1);
    assert_eq!(column("REAL").as_primitive::<Float64Type>().value(0), 0.1);
    assert_eq!(column("TEXT").as_string::<i32>().value(0), "it's; ü");
    assert!(column("TRUTH").as_boolean().value(0));
    assert_eq!(column("DAY").as_primitive::<Date32Type>().value(0), -719_162);
    assert_eq!(column("TIME").as_primitive::<Time64NanosecondType>().value(0), 86_399_999_999_000);
    assert_eq!(column("AT").as_primitive::<TimestampMicrosecondType>().value(0), -500_000);
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(column("INSTANT").data_type(), &utc);
    assert_eq!(column("INSTANT").as_primitive::<TimestampMicrosecondType>().value(0), 1_709_287_200_000_000);
    assert_eq!(column("BYTES").as_binary::<i32>().value(0), [0, 255]);
    let json: serde_json::Value = serde_json::from_str(column("JSON").as_string::<i32>().value(0)).unwrap();
    assert_eq!(json, serde_json::json!({"a": [1, null]}));
    assert!(column("NOTHING").is_null(0));
}

#[tokio::test]
async fn values_are_bound_as_what_they_are() {
    let world = World::create().await;
    world.run("create table t (a varchar, b number(18, 0), c float, d boolean, e date, f timestamp_ntz, g varchar)").await;
    let date = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
    let insert = Statement::new("insert into t values (?, ?, ?, ?, ?, ?, ?)")
        .bind("'; drop table t; --")
        .bind(-7_i64)
        .bind(0.5)
        .bind(true)
        .bind(date)
        .bind(date.and_hms_micro_opt(23, 59, 59, 123_457).unwrap())
        .bind(daybook_snowflake_api::Binding::Null);
    world.client.execute(&insert).await.unwrap();
    let row = world.batch(&Statement::new("select * from t")).await;
    assert_eq!(row.column(0).as_string::<i32>().value(0), "'; drop table t; --");
    assert_eq!(row.column(1).as_primitive::<Int64Type>().value(0), -7);
    assert_eq!(row.column(2).as_primitive::<Float64Type>().value(0), 0.5);
    assert!(row.column(3).as_boolean().value(0));
    assert_eq!(row.column(4).as_primitive::<Date32Type>().value(0), 19_782);
    assert_eq!(row.column(5).as_primitive::<TimestampMicrosecondType>().value(0), 1_709_251_199_123_457);
    assert!(row.column(6).is_null(0));
}

/// More than two partitions of the server's 4,000 rows.
const MANY: &str = "select seq4()::number(18, 0) as n from table(generator(rowcount => 9001)) order by n";

#[tokio::test]
async fn partitions_come_in_order_and_whole() {
    let world = World::create().await;
    world.run(&format!("create table many as {MANY}")).await;
    let result = world.client.execute(&Statement::new("select n from many order by n")).await.unwrap();
    assert_eq!(result.num_rows(), 9001);
    let batches: Vec<RecordBatch> = result.into_batches().try_collect().await.unwrap();
    let lengths: Vec<_> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(lengths, [4000, 4000, 1001]);
    let numbers =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
    assert!(numbers.eq(0..9001));
    let asked = world.proxy.requests("partition=");
    assert!(asked[0].contains("partition=1 ") && asked[1].contains("partition=2 "), "{asked:?}");
}

#[tokio::test]
async fn a_partition_that_breaks_off_is_fetched_again() {
    let world = World::create().await;
    world.run(&format!("create table many as {MANY}")).await;
    world.proxy.fault("partition=1", Fault::CutAfter(100));
    world.proxy.fault("partition=1", Fault::Answer(503, "busy"));
    world.proxy.fault("partition=2", Fault::Reset);
    let result = world.client.execute(&Statement::new("select n from many order by n")).await.unwrap();
    let batches = result.into_all_batches().await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 9001);
    assert_eq!(world.proxy.requests("partition=").len(), 5);
}

#[tokio::test]
async fn a_partition_with_fewer_rows_than_announced_is_an_error() {
    let world = World::create().await;
    world.run(&format!("create table many as {MANY}")).await;
    world.proxy.fault("partition=1", Fault::Answer(200, r#"{"data": [["0"]]}"#));
    let result = world.client.execute(&Statement::new("select n from many order by n")).await.unwrap();
    let error = result.into_all_batches().await.unwrap_err().to_string();
    assert!(error.contains("1 rows in partition 1, of 4000"), "{error}");
}

#[tokio::test]
async fn an_empty_result_has_columns() {
    let world = World::create().await;
    let batch = world.batch(&Statement::new("select 1::number(5, 0) as n where false")).await;
    assert_eq!((batch.num_rows(), batch.schema().field(0).name().as_str()), (0, "N"));
}

#[tokio::test]
async fn a_statement_is_waited_for_as_long_as_it_runs() {
    let world = World::create().await;
    let result = world.client.execute(&Statement::new("call system$wait(0.2)")).await.unwrap();
    let (submitted, asked) = (world.proxy.requests("POST"), world.proxy.requests("GET"));
    assert!(submitted.len() == 1 && submitted[0].contains("async=true"), "{submitted:?}");
    assert!(asked.len() > 1, "it was asked for only once");
    assert!(asked.iter().all(|line| line.contains(result.query_id())));
}

#[tokio::test]
async fn other_tokens_are_good_as_well() {
    let world = World::create().await;
    let token = || "test-token".into();
    for credentials in [Credentials::OAuth(token()), Credentials::ProgrammaticAccessToken(token())] {
        world.client_with(credentials).execute(&Statement::new("select 1")).await.unwrap();
    }
}
