//! Payments by webhook.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daybook_testkit::{node_modules, python_with};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::json;
use sha2::Sha256;

use crate::support::{Answer, Front, OLD_SECRET, SECRET, SHOPIFY_SECRET};

const EVENT: &str = r#"{"id":"t1","order_id":"o1","status":"failed","created_at":"2024-05-01T10:00:00Z"}"#;

fn stored(id: &str, status: &str) -> (String, String) {
    (id.to_owned(), status.to_owned())
}

#[tokio::test]
async fn a_signed_event_is_stored_before_it_is_acknowledged() {
    let front = Front::open().await;
    let answer = front.webhook(SECRET, EVENT).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json(), json!({"events": [{"id": "t1", "outcome": "stored"}]}));
    assert_eq!(front.payments().await, [stored("t1", "failed")]);

    let again = front.webhook(OLD_SECRET, EVENT).await;
    assert_eq!(again.json(), json!({"events": [{"id": "t1", "outcome": "unchanged"}]}));
    let newer = EVENT.replace("failed", "success").replace("10:00:00Z", "10:00:01Z");
    front.webhook(SECRET, &newer).await;
    front.webhook(SECRET, EVENT).await;
    assert_eq!(front.payments().await, [stored("t1", "success")], "an older event comes too late");
}

#[tokio::test]
async fn whoever_cannot_sign_is_refused() {
    let front = Front::open().await;
    let stranger = "whsec_BBBBsBQIhrscChlQIMV+b5sSYspob7oD";
    front.webhook(stranger, EVENT).await.problem(401);
    let unsigned = front.bare(Method::POST, "/v1/webhooks/transactions").body(EVENT);
    let problem = Answer::of(unsigned.send().await.unwrap()).await.problem(401);
    assert_eq!(problem["detail"], "the header webhook-id is missing");
    assert_eq!(front.payments().await, []);
}

#[tokio::test]
async fn a_bad_event_fails_alone_and_is_named() {
    let front = Front::open().await;
    let bad = EVENT.replace("\"failed\"", "\"\"").replace("t1", "t2");
    let problem = front.webhook(SECRET, &format!("[{EVENT}, {bad}, 7]")).await.problem(422);
    assert_eq!(problem["detail"], "the other event is stored");
    assert_eq!(problem["errors"][0]["pointer"], "/1/status");
    assert_eq!(problem["errors"][0]["reason"], "missing_value");
    assert_eq!(problem["errors"][1]["pointer"], "/2");
    assert_eq!(front.payments().await, [stored("t1", "failed")]);
    let other = EVENT.replace("t1", "t3");
    let problem = front.webhook(SECRET, &format!("[{EVENT}, 7, {other}]")).await.problem(422);
    assert_eq!(problem["detail"], "the other 2 events are stored");
    front.webhook(SECRET, "[").await.problem(422);
}

#[tokio::test]
async fn requests_beside_each_other_are_all_stored() {
    let front = Front::open().await;
    let sends = (0..50).map(|number| {
        let event = EVENT.replace("t1", &format!("t{number:02}"));
        let front = &front;
        async move { front.webhook(SECRET, &event).await.status }
    });
    let statuses = futures::future::join_all(sends).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(front.payments().await.len(), 50);
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let front = Front::open().await;
    front.webhook(SECRET, &format!("[{}]", vec![EVENT; 1000].join(","))).await.problem(413);
}

#[tokio::test]
async fn shopify_sends_transactions() {
    let front = Front::open().await;
    let body =
        r#"{"id":7,"order_id":8,"kind":"sale","status":"success","created_at":"2024-05-01T10:00:00-05:00"}"#;
    let send = async |topic: &str, secret: &str| {
        let key = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        let signature = STANDARD.encode(key.chain_update(body).finalize().into_bytes());
        let request = front
            .bare(Method::POST, "/v1/webhooks/shopify")
            .header("x-shopify-hmac-sha256", signature)
            .header("x-shopify-topic", topic)
            .body(body);
        Answer::of(request.send().await.unwrap()).await
    };
    send("order_transactions/create", "wrong").await.problem(401);
    send("orders/create", SHOPIFY_SECRET).await.problem(422);
    assert_eq!(send("order_transactions/create", SHOPIFY_SECRET).await.status, 200);
    assert_eq!(front.payments().await, [stored("7", "success")]);
}

#[tokio::test]
async fn what_was_accepted_is_committed_before_the_server_ends() {
    let front = Front::open().await;
    let answers = futures::future::join_all((0..20).map(|number| {
        let event = EVENT.replace("t1", &format!("t{number:02}"));
        let front = &front;
        async move { front.webhook(SECRET, &event).await.status }
    }))
    .await;
    let acknowledged = answers.iter().filter(|status| **status == 200).count();
    let ods = front.stop().await;
    let stored: i64 =
        sqlx::query_scalar("select count(*) from ods.transaction").fetch_one(ods.pool()).await.unwrap();
    assert_eq!(usize::try_from(stored).unwrap(), acknowledged);
}

/// Standard Webhooks' own library for Python, as a sender would use it.
const PYTHON_SENDER: &str = r#"
import datetime, sys, urllib.request
from standardwebhooks import Webhook
url, secret, body = sys.argv[1:]
now = datetime.datetime.now(tz=datetime.timezone.utc)
signature = Webhook(secret).sign("msg_python", now, body)
headers = {
    "content-type": "application/json", "webhook-id": "msg_python",
    "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature,
}
print(urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)).status)
"#;

#[tokio::test]
async fn the_official_python_library_is_understood() {
    let front = Front::open().await;
    let requirements = include_str!("standardwebhooks-requirements.txt");
    let python =
        tokio::task::spawn_blocking(move || python_with("standardwebhooks", requirements)).await.unwrap();
    let url = format!("{}/v1/webhooks/transactions", front.base);
    let sent = tokio::process::Command::new(python.unwrap())
        .args(["-c", PYTHON_SENDER, &url, SECRET, EVENT])
        .output()
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&sent.stdout).trim(),
        "200",
        "{}",
        String::from_utf8_lossy(&sent.stderr)
    );
    assert_eq!(front.payments().await, [stored("t1", "failed")]);
}

/// The same for JavaScript.
const JAVASCRIPT_SENDER: &str = r#"
const { Webhook } = require("standardwebhooks");
const [url, secret, body] = process.argv.slice(1);
const now = new Date();
const signature = new Webhook(secret).sign("msg_js", now, body);
const headers = {
    "content-type": "application/json", "webhook-id": "msg_js",
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)), "webhook-signature": signature,
};
fetch(url, { method: "POST", headers, body }).then((answer) => console.log(answer.status));
"#;

#[tokio::test]
async fn the_official_javascript_library_is_understood() {
    let front = Front::open().await;
    let modules =
        tokio::task::spawn_blocking(|| node_modules("standardwebhooks@1.1.1")).await.unwrap().unwrap();
    let url = format!("{}/v1/webhooks/transactions", front.base);
    let sent = tokio::process::Command::new("node")
        .args(["-e", JAVASCRIPT_SENDER, &url, SECRET, EVENT])
        .current_dir(modules)
        .output()
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&sent.stdout).trim(),
        "200",
        "{}",
        String::from_utf8_lossy(&sent.stderr)
    );
    assert_eq!(front.payments().await, [stored("t1", "failed")]);
}
