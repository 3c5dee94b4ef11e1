//! What is noted of every request: in the log under its id, and for the metrics.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tower_http::request_id::{MakeRequestId, MakeRequestUuid};
use tracing::{debug, error};

use crate::app::App;
use crate::problem::{Cause, Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Works on a request under its id, which is the client's own if it sent one, and answers with that id.
///
/// A request that failed is one line of the log; a span for every request would cost more than to check its signature.
/// And it is one layer for several purposes, because every layer copies all that it stands before, for each request.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request.headers().get(&REQUEST_ID).filter(|id| is_sound(id)).cloned();
    let id = id.or_else(|| Some(MakeRequestUuid.make_request_id(&request)?.into_header_value()));
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|panic| panicked(panic.as_ref()).into_response());
    let status = response.status().as_u16();
    log(method, route, id.as_ref(), status, response.extensions_mut().remove());
    app.metrics().answered(method, route, status, started.elapsed());
    let headers = response.headers_mut();
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What stands in the place of an answer; the server goes on.
fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("of no text");
    Problem::internal().because(format!("it panicked: {text}"))
}

/// A client's id goes into the log and into the answer, so it must be short and hold nothing that misleads there.
fn is_sound(id: &HeaderValue) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=128).contains(&id.len()) && id.as_bytes().iter().all(is_plain)
}

/// Clients may send any word as a method, and metrics must not grow by it.
fn name_of(method: &Method) -> &'static str {
    const STANDARD: [&str; 9] =
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"];
    STANDARD.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// The route, but neither path nor query, which may name customers.
fn log(method: &str, route: &str, id: Option<&HeaderValue>, status: u16, cause: Option<Cause>) {
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
    match cause {
        Some(Cause(cause)) => error!(id, method, route, status, "a request failed: {cause}"),
        None if status == 500 => error!(id, method, route, status, "a request failed"),
        None => debug!(id, method, route, status, "answered {status}"),
    }
}
