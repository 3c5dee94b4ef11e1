//! Loads on request, and what they rejected.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use crate::support::Front;

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
    front.get("/v1/loads/17").await.problem(404);
    let asked = front.send(Method::POST, "/v1/loads", &json!({"uri": uri(&front, "nothing")})).await;
    let load = ended(&front, &asked.json()["loads"][0]["id"]).await;
    assert_eq!(load["state"], "failed");
    assert!(load["message"].as_str().unwrap().contains("no such file"), "{load}");
}
