//! Who gets in, and how the server says no.

use std::time::Duration;

use daybook_http::{HttpError, HttpServer, RunCounts};
use daybook_ods::Scope;
use reqwest::{Method, StatusCode};
use serde_json::json;
use sqlx::Connection;

use crate::support::{Answer, Front, SECRET, options, services};

const EVENT: &str = r#"{"id":"t1","order_id":"o1","status":"failed","created_at":"2024-05-01T10:00:00Z"}"#;

#[tokio::test]
async fn nothing_but_health_is_open() {
    let front = Front::open().await;
    let document = front.get("/openapi.json").await.json();
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path.replace("{id}", "1");
            let answer = Answer::of(front.bare(method.clone(), &path).send().await.unwrap()).await;
            answer.problem(401);
            asked += 1;
        }
    }
    assert!(asked >= 18, "only {asked} routes are described");
    for path in ["/openapi.json", "/docs/", "/metrics"] {
        Answer::of(front.bare(Method::GET, path).send().await.unwrap()).await.problem(401);
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(front.bare(Method::GET, path).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_token_opens_only_what_it_is_for() {
    let front = Front::open().await;
    let reader = front.ods.create_token("reader", &[Scope::Read]).await.unwrap();
    let ask = async |method: Method, path: &str| {
        let request = front.bare(method, path).bearer_auth(&reader).json(&json!({}));
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(ask(Method::GET, "/v1/status").await.status, 200);
    for (method, path) in [
        (Method::POST, "/v1/runs"),
        (Method::POST, "/v1/loads"),
        (Method::PUT, "/v1/catalogue"),
        (Method::POST, "/v1/rejects/replay"),
    ] {
        let problem = ask(method, path).await.problem(403);
        assert!(problem["detail"].as_str().unwrap().contains("'reader' lacks the scope"), "{problem}");
    }
    front.ods.revoke_token("reader").await.unwrap();
    ask(Method::GET, "/v1/status").await.problem(401);
}

#[tokio::test]
async fn a_browser_shows_the_documentation_after_asking_for_the_token() {
    let front = Front::open().await;
    let ask = front.bare(Method::GET, "/docs/").basic_auth("anybody", Some(front.token()));
    let page = ask.send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("swagger-ui"));
}

#[tokio::test]
async fn without_tokens_only_this_machine_is_served() {
    let landing = tempfile::TempDir::new().unwrap();
    let mut open = options(landing.path());
    open.insecure_no_auth = true;
    open.listen = "0.0.0.0:0".parse().unwrap();
    let refused = HttpServer::bind(open, services()).await;
    assert!(matches!(refused.err(), Some(HttpError::OpenToAll(_))));
    let front = Front::with(|options| options.insecure_no_auth = true).await;
    assert_eq!(front.bare(Method::GET, "/v1/status").send().await.unwrap().status(), 200);
    // a page in somebody's browser, whose name leads to this machine
    let rebound = front.bare(Method::GET, "/v1/status").header("host", "evil.example:80");
    Answer::of(rebound.send().await.unwrap()).await.problem(403);
}

#[tokio::test]
async fn however_many_ask_whether_it_is_ready_it_looks_once() {
    let front = Front::open().await;
    let asked = (0..200).map(|_| front.bare(Method::GET, "/readyz").send());
    let (answers, webhook) = tokio::join!(futures::future::join_all(asked), front.webhook(SECRET, EVENT));
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().status() == 200));
    assert_eq!(webhook.status, 200);
    let sessions = "select sessions from pg_stat_database where datname = current_database()";
    let sessions: i64 = sqlx::query_scalar(sessions).fetch_one(front.ods.pool()).await.unwrap();
    assert!(sessions < 50, "{sessions} sessions");
}

#[tokio::test]
async fn what_is_not_ready_is_named_with_the_reason_and_without_its_address() {
    let front = Front::open().await;
    *front.books.trouble.lock().unwrap() = Some("s3://secret-bucket is away".to_owned());
    let ready = Answer::of(front.bare(Method::GET, "/readyz").send().await.unwrap()).await;
    assert_eq!(ready.status, 503);
    let problem = "the published books cannot be read: the log tells why";
    let checks =
        json!([{"name": "ods", "ready": true}, {"name": "warehouse", "ready": false, "problem": problem}]);
    assert_eq!(ready.json(), json!({"ready": false, "checks": checks}));
}

#[tokio::test]
async fn more_requests_than_there_are_places_are_told_to_come_again() {
    let front = Front::with(|options| options.max_concurrent = 1).await;
    let mut other = front.session().await;
    let mut lock = other.begin().await.unwrap();
    sqlx::raw_sql("lock table ods.orders in access exclusive mode").execute(&mut *lock).await.unwrap();
    let (held, refused) = tokio::join!(front.get("/v1/orders/o1"), async {
        front.somebody_waits().await;
        front.get("/v1/runs").await
    });
    let problem = refused.problem(503);
    assert_eq!(problem["detail"], "too many requests are under way");
    assert_eq!(refused.retry_after.as_deref(), Some("5"));
    // whoever waits for a lock gives up, too
    held.problem(503);
    lock.rollback().await.unwrap();
    front.get("/v1/orders/o1").await.problem(404);
}

#[tokio::test]
async fn work_that_takes_too_long_is_given_up() {
    let front = Front::with(|options| options.timeout = Duration::from_millis(300)).await;
    let mut other = front.session().await;
    let mut lock = other.begin().await.unwrap();
    sqlx::raw_sql("lock table ods.orders in access exclusive mode").execute(&mut *lock).await.unwrap();
    let slow = front.get("/v1/orders/o1").await;
    slow.problem(503);
    assert_eq!(slow.retry_after.as_deref(), Some("5"));
}

#[tokio::test]
async fn a_request_keeps_its_id_if_that_is_sound() {
    let front = Front::open().await;
    let answered = async |id: &str| {
        let request = front.bare(Method::GET, "/healthz").header("x-request-id", id);
        request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(answered("till-7_2.a").await, "till-7_2.a");
    for unsound in ["a\" level=ERROR", "", &"a".repeat(129)] {
        assert_eq!(answered(unsound).await.len(), 36, "a fresh one instead of {unsound}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let front = Front::open().await;
    front.get("/v2/nothing").await.problem(404);
    front.send(Method::POST, "/v1/status", &json!({})).await.problem(405);
    front.send(Method::POST, "/healthz", &json!({})).await.problem(405);
    let text = front.request(Method::PUT, "/v1/catalogue").body("{}");
    Answer::of(text.send().await.unwrap()).await.problem(415);
    let broken =
        front.request(Method::PUT, "/v1/catalogue").header("content-type", "application/json").body("{");
    Answer::of(broken.send().await.unwrap()).await.problem(400);
    front.get("/v1/runs?limit=many").await.problem(400);
    let days = json!({"from": "2024-05-01", "to": "2024-05-02"});
    front.send(Method::POST, "/v1/runs", &days).await.problem(409);
    front.send(Method::POST, "/v1/runs", &json!({"frm": "2024-05-01"})).await.problem(422);
    front.send(Method::POST, "/v1/rejects/replay", &json!({"uri": "x", "dry_run": true})).await.problem(422);
}

#[tokio::test]
async fn too_many_requests_are_told_so() {
    let front = Front::with(|options| options.max_requests_per_second = 3).await;
    let mut refused = 0;
    for _ in 0..20 {
        let answer = front.get("/v1/runs").await;
        if answer.status == 429 {
            answer.problem(429);
            refused += 1;
        }
    }
    assert!(refused > 0);
}

#[tokio::test]
async fn until_the_store_is_there_everybody_is_told_to_come_again() {
    let landing = tempfile::TempDir::new().unwrap();
    let server = HttpServer::bind(options(landing.path()), services()).await.unwrap();
    let base = format!("http://{}", server.address().unwrap());
    let stop = tokio_util::sync::CancellationToken::new();
    let served = tokio::spawn(server.serve(stop.clone()));
    let client = reqwest::Client::new();
    let status = client.get(format!("{base}/v1/status")).bearer_auth("x").send().await.unwrap();
    assert_eq!(status.headers()["retry-after"], "5");
    Answer::of(status).await.problem(503);
    let ready = Answer::of(client.get(format!("{base}/readyz")).send().await.unwrap()).await;
    assert_eq!(ready.status, 503);
    assert!(ready.text.contains("PostgreSQL could not be reached yet"), "{}", ready.text);
    assert_eq!(client.get(format!("{base}/healthz")).send().await.unwrap().status(), 200);
    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn prometheus_is_told_what_happens() {
    let front = Front::open().await;
    front.get("/v1/orders/none").await.problem(404);
    let metrics = front.get("/metrics").await;
    assert!(metrics.content_type.starts_with("application/openmetrics-text"));
    let line = r#"daybook_http_requests_total{method="GET",route="/v1/orders/{id}",status="404"} 1"#;
    assert!(metrics.text.contains(line), "{}", metrics.text);
    for name in ["daybook_payment_queue", "daybook_rejected_rows", "daybook_parked_rows"] {
        assert!(metrics.text.contains(name), "{name} is not in {}", metrics.text);
    }
    assert!(!metrics.text.contains("close_lag"), "nothing is published yet: {}", metrics.text);
    assert!(metrics.text.ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_have_what_is_and_not_what_was() {
    let front = Front::open().await;
    let counts = |state: &str, last_published_at| RunCounts {
        by_state: vec![(state.to_owned(), 2)],
        last_published_at,
    };
    *front.books.runs.lock().unwrap() = counts("running", None);
    assert!(front.get("/metrics").await.text.contains("daybook_runs{state=\"running\"} 2"));

    let an_hour_ago = chrono::Utc::now().naive_utc() - chrono::TimeDelta::hours(1);
    *front.books.runs.lock().unwrap() = counts("published", Some(an_hour_ago));
    assert_eq!(front.webhook(SECRET, &format!("[{EVENT},{EVENT}]")).await.status, 200);
    front
        .execute(
            "insert into daybook.load (uri, content_hash, state, started_at, finished_at)
             values ('a', 'x', 'refused', now(), now())",
        )
        .await;
    let text = front.get("/metrics").await.text;
    for line in [
        "daybook_runs{state=\"published\"} 2",
        "daybook_payment_commit_events_sum 2.0",
        "daybook_payment_commit_events_count 1",
        "daybook_payment_commit_seconds_count 1",
        "daybook_loads{state=\"refused\"} 1",
        "daybook_database_answers 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
    }
    assert!(!text.contains("running"), "{text}");
    let lag = text.lines().find_map(|line| line.strip_prefix("daybook_close_lag_seconds "));
    assert!((3600.0..3700.0).contains(&lag.unwrap().parse::<f64>().unwrap()), "{lag:?}");
    let documented = include_str!("../../../../docs/metrics.md");
    for name in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()) {
        assert!(documented.contains(name), "docs/metrics.md does not name {name}");
    }
}

#[tokio::test]
async fn strange_methods_are_counted_together() {
    let front = Front::open().await;
    for name in ["FOO1", "FOO2"] {
        let method = Method::from_bytes(name.as_bytes()).unwrap();
        assert_eq!(
            front.bare(method, "/healthz").send().await.unwrap().status(),
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
    let text = front.get("/metrics").await.text;
    let line = r#"daybook_http_requests_total{method="other",route="/healthz",status="405"} 2"#;
    assert!(text.contains(line) && !text.contains("FOO"), "{text}");
}
