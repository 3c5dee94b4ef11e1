//! Whether the process lives, and whether it can do its work.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Serialize;

use crate::app::App;
use crate::extract::Json;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/healthz", get(async || Json(Health { status: "ok" }))).route("/readyz", get(ready))
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

/// What is ready, and of what is not, why.
#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

/// Whoever asks needs no token, so the answer names no server; the log does.
async fn ready(State(app): State<App>) -> impl IntoResponse {
    let ods = match app.services().ods.get() {
        Some(ods) => ods.check_connection().await.map_err(|error| error.to_string()),
        None => Err("it could not be reached yet".to_owned()),
    };
    let books = app.services().books.check().await.map_err(|error| error.to_string());
    let checks = vec![check("ods", ods), check("warehouse", books)];
    let ready = checks.iter().all(|check| check.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { ready, checks }))
}

fn check(name: &'static str, result: Result<(), String>) -> Check {
    let problem = result.is_err().then_some("it cannot be used now: the log tells why");
    if let Err(error) = result {
        tracing::warn!(part = name, %error, "not ready: {name}: {error}");
    }
    Check { name, ready: problem.is_none(), problem }
}
