//! With a warehouse in Snowflake.

use daybook_testkit::{Snowflake, TestBucket};

use crate::support::Folder;

#[tokio::test]
async fn a_batch_becomes_an_answer_in_snowflake() {
    let (server, bucket) = (Snowflake::start().await.unwrap(), TestBucket::create().await.unwrap());
    let folder = Folder::new();
    folder.write_batch();
    folder.write("daybook.p8", server.private_key());
    let (endpoint, url) = (server.endpoint(), bucket.url("daybook"));
    let aws = bucket.variables();
    let mut variables: Vec<(&str, &str)> =
        aws.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    variables.extend([
        ("DAYBOOK_WAREHOUSE_BACKEND", "snowflake"),
        ("DAYBOOK_WAREHOUSE_URL", &url),
        ("DAYBOOK_SNOWFLAKE_ACCOUNT", "organization-account"),
        ("DAYBOOK_SNOWFLAKE_USER", "daybook"),
        ("DAYBOOK_SNOWFLAKE_PRIVATE_KEY", "daybook.p8"),
        ("DAYBOOK_SNOWFLAKE_ROLE", "DAYBOOK"),
        ("DAYBOOK_SNOWFLAKE_WAREHOUSE", "FAKESNOW_WAREHOUSE"),
        ("DAYBOOK_SNOWFLAKE_DATABASE", server.database()),
        ("DAYBOOK_SNOWFLAKE_SCHEMA", "shop"),
        ("DAYBOOK_SNOWFLAKE_STORAGE_INTEGRATION", "daybook_s3"),
        ("DAYBOOK_SNOWFLAKE_BUDGET_SECONDS", "600"),
        ("DAYBOOK_SNOWFLAKE_ENDPOINT", &endpoint),
        ("DAYBOOK_NOW", "2024-03-02T02:00:00Z"),
    ]);
    let daybook = |arguments: &[&str]| folder.daybook_with(&variables, arguments);

    let doctor = daybook(&["doctor"]);
    doctor.assert_error(&["1 of 10 part(s) are not ready"]);
    assert!(doctor.out.contains("Run `daybook init`"), "{}", doctor.out);
    daybook(&["query", "select 1 from orders"]).assert_error(&["nothing is published yet"]);
    for _ in 0..2 {
        assert_eq!(daybook(&["-q", "init"]).code, 0);
    }
    let doctor = daybook(&["doctor"]);
    assert_eq!(doctor.code, 0, "{}{}", doctor.out, doctor.err);

    assert_eq!(daybook(&["load", "batch"]).code, 0);
    let planned = daybook(&["--format", "csv", "plan"]);
    assert!(planned.out.contains("\norders,2024-03-01,1,0,"), "{}{}", planned.out, planned.err);
    let closed = daybook(&["run"]);
    assert_eq!(closed.code, 0, "{}", closed.err);
    assert!(daybook(&["run"]).err.contains("nothing has changed"));

    let question = "select partition_date, orders, revenue, paid_revenue from app_daily_revenue";
    let csv = daybook(&["--format", "csv", "query", question]);
    assert_eq!(csv.out, "partition_date,orders,revenue,paid_revenue\n2024-03-01,1,1000,0\n");
    let json = daybook(&["--format", "json", "query", question]);
    assert_eq!(
        json.out.trim_end(),
        r#"[{"partition_date":"2024-03-01","orders":1,"revenue":1000,"paid_revenue":0}]"#
    );
    let explained = daybook(&["--format", "csv", "explain", question]);
    assert!(explained.out.contains("\napp_daily_revenue,1,1,1,1,"), "{}{}", explained.out, explained.err);
    daybook(&["query", "drop table orders"]).assert_error(&["error: ", "only questions"]);
    let reconciled = daybook(&["--format", "csv", "reconcile"]);
    let orders = "\n2024-03-01,orders,1,1,1,0,0,0,1,1,,1,reconciles\n";
    assert!(reconciled.out.contains(orders), "{}{}", reconciled.out, reconciled.err);
    let status = daybook(&["--format", "json", "status"]);
    let status: serde_json::Value = serde_json::from_str(&status.out).unwrap();
    assert_eq!(status["published"]["closed_dates"], serde_json::json!(["2024-03-01"]), "{status}");
    let run = daybook(&["--format", "csv", "runs", "show", "1"]);
    assert!(run.out.contains(" seconds of statements, "), "{}", run.out);
    let run = daybook(&["runs", "show", "1"]);
    assert!(run.out.contains("step in the warehouse"), "{}", run.out);
    assert!(!run.out.contains('{'), "{}", run.out);
    assert_eq!(daybook(&["-q", "models", "test", "--select", "app_daily_revenue"]).code, 0);
}

#[test]
fn what_is_not_configured_is_named() {
    let folder = Folder::new();
    let variables = [("DAYBOOK_WAREHOUSE_BACKEND", "snowflake")];
    folder.daybook_with(&variables, &["status"]).assert_error(&["[warehouse] url", "s3://bucket/prefix"]);
    let variables = [("DAYBOOK_WAREHOUSE_BACKEND", "snowflake"), ("DAYBOOK_WAREHOUSE_URL", "s3://b/p")];
    folder
        .daybook_with(&variables, &["query", "select 1"])
        .assert_error(&["[snowflake] account", "docs/snowflake.md"]);
    // digits are a token, too
    let variables = [
        ("DAYBOOK_WAREHOUSE_BACKEND", "snowflake"),
        ("DAYBOOK_WAREHOUSE_URL", "s3://b/p"),
        ("DAYBOOK_SNOWFLAKE_ACCOUNT", "organization-account"),
        ("DAYBOOK_SNOWFLAKE_TOKEN", "0123"),
    ];
    folder.daybook_with(&variables, &["query", "select 1"]).assert_error(&["[snowflake] database"]);
}
