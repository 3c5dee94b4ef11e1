//! What is noted of every request: in the log under its id, and for the metrics.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tower_http::request_id::{MakeRequestId, MakeRequestUuid};
use tracing::{Instrument, Span, debug, info_span};

use crate::app::App;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Works on a request under its id, which is the client's own if it sent one, and answers with that id.
///
/// It is one layer for several purposes, because every layer copies all that it stands before, for each request.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request.headers().get(&REQUEST_ID).cloned();
    let id = id.or_else(|| Some(MakeRequestUuid.make_request_id(&request)?.into_header_value()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let span = span(&request, id.as_ref());
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.in_scope(|| debug!(status, "answered {status}"));
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    app.metrics().answered(method.as_str(), route, status, started.elapsed());
    let headers = response.headers_mut();
    if let Some(id) = id {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The path, but not the query, which may name customers.
fn span(request: &Request, id: Option<&HeaderValue>) -> Span {
    let id = id.and_then(|id| id.to_str().ok()).unwrap_or_default();
    info_span!("request", id, method = %request.method(), path = request.uri().path())
}
