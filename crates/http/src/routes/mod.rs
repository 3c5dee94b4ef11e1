//! The routes, and what every request passes before it gets there.

mod catalogue;
mod health;
mod loads;
mod operations;
mod orders;
mod webhooks;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderName;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use daybook_ods::Scope;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use tracing::{Span, info_span};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::limits::{Limits, admit, measure};
use crate::problem::Problem;
use crate::{auth, openapi};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// All routes with what stands before them.
pub(crate) fn router(app: &App) -> Router {
    let guarded = |routes: OpenApiRouter<App>, scope: Scope| {
        routes.route_layer(from_fn_with_state((app.clone(), scope), auth::require))
    };
    let (router, document) = OpenApiRouter::with_openapi(openapi::base())
        .merge(webhooks::routes())
        .merge(guarded(catalogue::writing(), Scope::Catalogue))
        .merge(guarded(catalogue::reading(), Scope::Read))
        .merge(guarded(loads::routes(), Scope::Ingest))
        .merge(guarded(orders::routes(), Scope::Read))
        .merge(guarded(operations::reading(), Scope::Read))
        .merge(guarded(operations::operating(), Scope::Operate))
        .split_for_parts();
    let documentation = Router::from(SwaggerUi::new("/docs").url("/openapi.json", document))
        .route_layer(from_fn_with_state((app.clone(), Scope::Read), auth::require));
    let limited = router
        .merge(documentation)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback(async || Problem::not_found("no route has this path: /openapi.json lists them"))
        .layer(from_fn_with_state((app.clone(), Limits::of(app.options())), admit));
    // health is answered however busy the server is
    limited
        .merge(health::routes())
        .layer(
            ServiceBuilder::new()
                .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
                .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
                .layer(PropagateRequestIdLayer::new(REQUEST_ID))
                .layer(from_fn_with_state(app.clone(), measure))
                .layer(CatchPanicLayer::custom(|_| Problem::internal().into_response()))
                .layer(from_fn(no_sniff)),
        )
        .with_state(app.clone())
}

/// The path, but not the query, which may name customers.
fn span(request: &Request) -> Span {
    let id = request.headers().get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default();
    info_span!("request", id, method = %request.method(), path = request.uri().path())
}

async fn no_sniff(request: Request, next: axum::middleware::Next) -> Response {
    let mut response = next.run(request).await;
    let nosniff = axum::http::HeaderValue::from_static("nosniff");
    response.headers_mut().insert(axum::http::header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}
