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
    let send_body = async |topic: &str, secret: &str, body: String| {
        let key = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        let signature = STANDARD.encode(key.chain_update(&body).finalize().into_bytes());
        let request = front
            .bare(Method::POST, "/v1/webhooks/shopify")
            .header("x-shopify-hmac-sha256", signature)
            .header("x-shopify-topic", topic)
            .body(body);
        Answer::of(request.send().await.unwrap()).await
    };
    let send = async |topic: &str, secret: &str| send_body(topic, secret, body.to_owned()).await;
    send("order_transactions/create", "wrong").await.problem(401);
    send("orders/create", SHOPIFY_SECRET).await.problem(422);
    assert_eq!(send("order_transactions/create", SHOPIFY_SECRET).await.status, 200);
    assert_eq!(front.payments().await, [stored("7", "success")]);
    let tested = body.replace("7,", "9,\"test\":true,");
    let answer = send_body("order_transactions/create", SHOPIFY_SECRET, tested).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"events": []})));
    let without = body.replace("\"order_id\":8", "\"order_id\":null");
    send_body("order_transactions/create", SHOPIFY_SECRET, without).await.problem(422);
    assert_eq!(front.payments().await, [stored("7", "success")], "no money moves in a test");
}

#[tokio::test]
async fn what_waits_for_its_commit_is_committed_before_the_server_ends() {
    let front = Front::open().await;
    front
        .execute(
            "create function public.slow() returns trigger language plpgsql as $$ begin
                perform pg_sleep(0.5);
                return new;
            end $$;
            create trigger slow before insert on ods.transaction for each row execute function public.slow()",
        )
        .await;
    let (answer, ()) = tokio::join!(front.webhook(SECRET, EVENT), async {
        let query = "select exists (select from pg_stat_activity \
                     where datname = current_database() and wait_event = 'PgSleep')";
        while !sqlx::query_scalar::<_, bool>(query).fetch_one(front.ods.pool()).await.unwrap() {}
        front.tell_to_stop();
    });
    assert_eq!(answer.status, 200);
    let ods = front.stop().await;
    let stored: i64 =
        sqlx::query_scalar("select count(*) from ods.transaction").fetch_one(ods.pool()).await.unwrap();
    assert_eq!(stored, 1);
}

#[tokio::test]
async fn a_body_may_be_as_large_as_is_configured() {
    let front = Front::with(|options| options.max_body = 5 * 1024 * 1024).await;
    let body = format!("[{EVENT}{}]", " ".repeat(3 * 1024 * 1024));
    assert_eq!(front.webhook(SECRET, &body).await.status, 200);
}

#[tokio::test]
async fn more_events_than_wait_at_once_are_refused() {
    let front = Front::with(|options| options.max_body = 5 * 1024 * 1024).await;
    let problem = front.webhook(SECRET, &format!("[{}]", vec![EVENT; 20_000].join(","))).await.problem(413);
    assert!(problem["detail"].as_str().unwrap().contains("events"), "{problem}");
    // whatever they are: a verdict on each would be hundreds of times as large
    let garbage = front.webhook(SECRET, &format!("[{}]", vec!["1"; 500_000].join(","))).await.problem(413);
    assert!(garbage["detail"].as_str().unwrap().contains("500000 payment events"), "{garbage}");
    assert_eq!(front.payments().await, []);
}

#[tokio::test]
async fn of_many_bad_events_some_are_named_and_the_rest_counted() {
    let front = Front::open().await;
    let bad = vec!["1"; 150].join(",");
    let problem = front.webhook(SECRET, &format!("[{EVENT},{bad}]")).await.problem(422);
    assert_eq!(problem["errors"].as_array().unwrap().len(), 100);
    assert_eq!(problem["errors"][99]["pointer"], "/100");
    assert_eq!(problem["detail"], "the other event is stored; 50 more errors are not listed");
    assert_eq!(front.payments().await, [stored("t1", "failed")]);
}

#[tokio::test]
async fn a_time_whose_year_cannot_be_written_in_utc_is_refused() {
    let front = Front::open().await;
    for time in ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"] {
        let event = EVENT.replace("2024-05-01T10:00:00Z", time);
        let problem = front.webhook(SECRET, &event).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "/created_at", "{problem}");
    }
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
