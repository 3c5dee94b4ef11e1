//! Who gets in, and how the server says no.

use daybook_http::{HttpError, HttpServer};
use daybook_ods::Scope;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Front, options, services};

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
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let front = Front::open().await;
    front.get("/v2/nothing").await.problem(404);
    front.send(Method::POST, "/v1/status", &json!({})).await.problem(405);
    let text = front.request(Method::PUT, "/v1/catalogue").body("{}");
    Answer::of(text.send().await.unwrap()).await.problem(415);
    let broken =
        front.request(Method::PUT, "/v1/catalogue").header("content-type", "application/json").body("{");
    Answer::of(broken.send().await.unwrap()).await.problem(400);
    front.get("/v1/runs?limit=many").await.problem(400);
    front
        .send(Method::POST, "/v1/runs", &json!({"from": "2024-05-01", "to": "2024-05-02"}))
        .await
        .problem(409);
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
    let ready = client.get(format!("{base}/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
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
}
