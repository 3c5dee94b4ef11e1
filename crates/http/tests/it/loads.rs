//! Loads on request, and what they rejected.

use std::time::Duration;

use daybook_ods::LoadOptions;
use daybook_testkit::{Fault, FaultProxy, TestBucket};
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::support::Front;

const ORDERS: &str = "id,processed_timestamp,customer_id\no1,2024-05-01 10:00:00,c1\n";
const LINES: &str = "id,quantity,variant_id,revenue,order_id\nl1,1,v1,100,o1\n";

/// The lock that loads take their turns by.
const TURN: &str = "select pg_advisory_lock(hashtextextended('daybook.load', 0))";

fn write(front: &Front, path: &str, content: &str) {
    let path = front.landing().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn uri(front: &Front, path: &str) -> String {
    Url::from_file_path(front.landing().join(path)).unwrap().to_string()
}

/// Asks until the load has ended.
async fn ended(front: &Front, id: &Value) -> Value {
    for _ in 0..600 {
        let load = front.get(&format!("/v1/loads/{id}")).await.json();
        if load["state"] != "queued" && load["state"] != "running" {
            return load;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the load does not end");
}

#[tokio::test]
async fn a_load_is_asked_for_and_followed_and_the_same_place_is_the_same_load() {
    let front = Front::open().await;
    write(
        &front,
        "1/orders.csv",
        "id,processed_timestamp,customer_id\no1,2024-05-01 10:00:00,c1\no2,never,c1\n",
    );
    write(&front, "1/order_lines.csv", "id,quantity,variant_id,revenue,order_id\nl1,1,v1,100,o1\n");
    let order = json!({"uri": uri(&front, "1")});
    let asked = front.send(Method::POST, "/v1/loads", &order).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let id = asked.json()["loads"][0]["id"].clone();
    let load = ended(&front, &id).await;
    assert_eq!((&load["state"], &load["batches"][0]["state"]), (&json!("done"), &json!("loaded")), "{load}");
    assert_eq!(load["batches"][0]["files"][0]["rejected"], 1);

    let again = front.send(Method::POST, "/v1/loads", &order).await;
    assert_eq!(again.json()["loads"][0]["id"], id);
    assert_eq!(ended(&front, &id).await["batches"][0]["state"], "already_loaded");

    let rejects = front.get("/v1/rejects?table=orders").await.json();
    assert_eq!(rejects["rejects"][0]["reason"], "not_a_timestamp");
    write(
        &front,
        "_fixed/orders.csv",
        "id,processed_timestamp,customer_id,rejected_row_id\no2,2024-05-01 11:00:00,c1,1\n",
    );
    let replayed =
        front.send(Method::POST, "/v1/rejects/replay", &json!({"uri": uri(&front, "_fixed")})).await;
    assert_eq!(replayed.json()["batches"][0]["files"][0]["loaded"], 1, "{replayed:?}");
    assert_eq!(front.get("/v1/rejects").await.json()["rejects"], json!([]));
}

#[tokio::test]
async fn only_the_landing_place_is_read() {
    let front = Front::open().await;
    for place in ["file:///etc", "s3://other/1", "nonsense"] {
        front.send(Method::POST, "/v1/loads", &json!({"uri": place})).await.problem(422);
        front.send(Method::POST, "/v1/rejects/replay", &json!({"uri": place})).await.problem(422);
    }
    let event = json!({"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "1/orders.csv"}}}]});
    front.send(Method::POST, "/v1/loads", &event).await.problem(422);
    for place in ["a%00b", "..%2F..%2Fetc", "a//b", &"q".repeat(2_000)] {
        let place = format!("{}/{place}", uri(&front, "1"));
        front.send(Method::POST, "/v1/loads", &json!({"uri": place})).await.problem(422);
    }
    let misspelt = front.send(Method::POST, "/v1/loads", &json!({"url": "file:///etc"})).await.problem(422);
    assert!(misspelt["detail"].as_str().unwrap().contains("unknown field `url`"), "{misspelt}");
    front.get("/v1/loads/17").await.problem(404);
    let asked = front.send(Method::POST, "/v1/loads", &json!({"uri": uri(&front, "nothing")})).await;
    let load = ended(&front, &asked.json()["loads"][0]["id"]).await;
    assert_eq!(load["state"], "failed");
    assert!(load["message"].as_str().unwrap().contains("no such file"), "{load}");
}

#[tokio::test]
async fn one_place_is_one_load_however_it_is_written() {
    let front = Front::open().await;
    write(&front, "1/orders.csv", ORDERS);
    let place = uri(&front, "1");
    let ids = [
        place.clone(),
        format!("{place}/"),
        place.replace("/1", "/%31"),
        place.replace("///", "//localhost/"),
    ];
    for place in ids {
        let asked = front.send(Method::POST, "/v1/loads", &json!({"uri": place})).await.json();
        assert_eq!(asked["loads"][0]["id"], 1, "{asked}");
    }
}

#[tokio::test]
async fn what_comes_while_a_load_runs_is_loaded_when_it_is_asked_for_again() {
    let front = Front::open().await;
    write(&front, "f/1/orders.csv", ORDERS);
    write(&front, "f/1/order_lines.csv", LINES);
    let order = json!({"uri": uri(&front, "f")});
    let mut other = front.session().await;
    sqlx::query(TURN).execute(&mut other).await.unwrap();
    let id = front.send(Method::POST, "/v1/loads", &order).await.json()["loads"][0]["id"].clone();
    front.somebody_waits().await;
    write(&front, "f/2/orders.csv", &ORDERS.replace("o1", "o2"));
    write(&front, "f/2/order_lines.csv", &LINES.replace("l1", "l2").replace("o1", "o2"));
    assert_eq!(front.send(Method::POST, "/v1/loads", &order).await.json()["loads"][0]["state"], "running");
    sqlx::query("select pg_advisory_unlock_all()").execute(&mut other).await.unwrap();
    let load = ended(&front, &id).await;
    assert_eq!(load["batches"].as_array().unwrap().len(), 2, "{load}");
    assert_eq!(front.get("/v1/orders/o2").await.status, 200);
}

#[tokio::test]
async fn a_load_that_loses_its_connection_stays_to_be_done() {
    let front = Front::open().await;
    write(&front, "1/orders.csv", ORDERS);
    write(&front, "1/order_lines.csv", LINES);
    let order = json!({"uri": uri(&front, "1")});
    let mut other = front.session().await;
    sqlx::query(TURN).execute(&mut other).await.unwrap();
    let id = front.send(Method::POST, "/v1/loads", &order).await.json()["loads"][0]["id"].clone();
    front.somebody_waits().await;
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and wait_event_type = 'Lock'";
    sqlx::query(cut).execute(&mut other).await.unwrap();
    sqlx::query("select pg_advisory_unlock_all()").execute(&mut other).await.unwrap();
    let path = format!("/v1/loads/{id}");
    while front.get(&path).await.json()["state"] == "running" {}
    assert_ne!(front.get(&path).await.json()["state"], "failed");
    front.send(Method::POST, "/v1/loads", &order).await;
    assert_eq!(ended(&front, &id).await["state"], "done");
    assert_eq!(front.get("/v1/orders/o1").await.status, 200);
}

#[tokio::test]
async fn a_load_that_cannot_read_its_place_stays_to_be_done() {
    let bucket = TestBucket::create().await.unwrap();
    let proxy = FaultProxy::before(&bucket).await.unwrap();
    let front = Front::landing_through(&bucket, &proxy).await;
    for (batch, order) in [("1", "o1"), ("2", "o2")] {
        bucket.put(&format!("in/{batch}/orders.csv"), ORDERS.replace("o1", order)).await.unwrap();
        let lines = LINES.replace("o1", order).replace("l1", batch);
        bucket.put(&format!("in/{batch}/order_lines.csv"), lines).await.unwrap();
    }
    let expired = "<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>";
    let place = format!("GET /{}/in/1/orders.csv", bucket.name());
    proxy.fault(&place, Fault::Answer(403, expired));
    let order = |batch: &str| json!({"uri": bucket.url(&format!("in/{batch}"))});
    let id = front.send(Method::POST, "/v1/loads", &order("1")).await.json()["loads"][0]["id"].clone();
    let behind = front.send(Method::POST, "/v1/loads", &order("2")).await.json()["loads"][0]["id"].clone();
    assert_eq!(ended(&front, &behind).await["state"], "done");
    proxy.requested(&place).await;
    assert_ne!(front.get(&format!("/v1/loads/{id}")).await.json()["state"], "failed");
    front.send(Method::POST, "/v1/loads", &order("1")).await;
    assert_eq!(ended(&front, &id).await["state"], "done");
    assert_eq!(front.get("/v1/orders/o1").await.status, 200);
}

#[tokio::test]
async fn a_load_whose_end_cannot_be_written_down_stops_no_other() {
    let front = Front::open().await;
    front
        .execute(
            "create function public.stuck() returns trigger language plpgsql as $$ begin
                raise exception 'it does not fit';
            end $$;
            create trigger stuck before update on daybook.load_request for each row
                when (new.state = 'failed' and new.uri like '%stuck') execute function public.stuck()",
        )
        .await;
    front.send(Method::POST, "/v1/loads", &json!({"uri": uri(&front, "stuck")})).await;
    let behind = front.send(Method::POST, "/v1/loads", &json!({"uri": uri(&front, "behind")})).await;
    assert_eq!(ended(&front, &behind.json()["loads"][0]["id"]).await["state"], "failed");
}

/// The first rejected row, mended.
const CORRECTED: &str = "id,processed_timestamp,customer_id,rejected_row_id\no2,2024-05-01 11:00:00,c1,1\n";

#[tokio::test]
async fn a_replay_that_is_given_up_leaves_nobody_waiting_for_the_turn_of_loads() {
    let front = Front::with(|options| options.timeout = Duration::from_secs(3)).await;
    write(&front, "1/orders.csv", &format!("{ORDERS}o2,never,c1\n"));
    write(&front, "1/order_lines.csv", LINES);
    let batch: Url = uri(&front, "1").parse().unwrap();
    front.ods.load(&batch, &LoadOptions::default(), &|_| ()).await.unwrap();
    write(&front, "_fixed/orders.csv", CORRECTED);
    let corrections = json!({"uri": uri(&front, "_fixed")});
    let mut other = front.session().await;
    sqlx::query(TURN).execute(&mut other).await.unwrap();
    let replay = front.send(Method::POST, "/v1/rejects/replay", &corrections);
    let waits = tokio::time::timeout(Duration::from_secs(20), front.somebody_waits());
    let (given_up, waits) = tokio::join!(replay, waits);
    waits.expect("the replay waits for its turn");
    let problem = given_up.problem(503);
    assert!(problem["detail"].as_str().unwrap().contains("sending it again is harmless"), "{problem}");
    front.nobody_waits().await;

    sqlx::query("select pg_advisory_unlock_all()").execute(&mut other).await.unwrap();
    // with a server's usual patience
    let beside = front.beside().await;
    write(&beside, "_fixed/orders.csv", CORRECTED);
    let corrections = json!({"uri": uri(&beside, "_fixed")});
    let replayed = beside.send(Method::POST, "/v1/rejects/replay", &corrections).await;
    assert_eq!(replayed.json()["batches"][0]["files"][0]["loaded"], 1, "{replayed:?}");
}

#[tokio::test]
async fn a_long_row_is_listed_in_part() {
    let front = Front::open().await;
    let long = format!("{ORDERS}o2,never{},c1\n", "x".repeat(5_000));
    write(&front, "1/orders.csv", &long);
    write(&front, "1/order_lines.csv", LINES);
    let asked = front.send(Method::POST, "/v1/loads", &json!({"uri": uri(&front, "1")})).await;
    ended(&front, &asked.json()["loads"][0]["id"]).await;
    let reject = front.get("/v1/rejects").await.json()["rejects"][0].clone();
    assert_eq!(reject["raw"].as_str().unwrap().len(), 1_000);
    assert_eq!(reject["raw_is_cut"], true);
}

/// As Amazon documents it, but for the name of the bucket.
fn notification(bucket: &TestBucket, key: &str) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2024-05-01T10:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8"},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "test",
            "bucket": {
                "name": bucket.name(), "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": format!("arn:aws:s3:::{}", bucket.name()),
            },
            "object": {
                "key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "sequencer": "0055AED6DCD90281E5",
            },
        },
    }]})
}

#[tokio::test]
async fn a_notification_of_s3_is_taken_as_it_is_and_loads_the_batch() {
    let bucket = TestBucket::create().await.unwrap();
    let front = Front::landing_in(&bucket).await;
    bucket.put("in/a%2520b+c/orders.csv", ORDERS).await.unwrap();
    bucket.put("in/a%2520b+c/order_lines.csv", LINES).await.unwrap();
    let event = notification(&bucket, "in/a%2520b%2Bc/order_lines.csv");
    let asked = front.send(Method::POST, "/v1/loads", &event).await;
    assert_eq!(asked.status, 202, "{asked:?}");
    let load = ended(&front, &asked.json()["loads"][0]["id"]).await;
    assert_eq!((&load["state"], &load["batches"][0]["state"]), (&json!("done"), &json!("loaded")), "{load}");
    assert_eq!(front.get("/v1/orders/o1").await.status, 200);
    let ignored = front.send(Method::POST, "/v1/loads", &notification(&bucket, "in/_x/orders.csv")).await;
    assert_eq!((ignored.status.as_u16(), ignored.json()), (202, json!({"loads": []})));
}
