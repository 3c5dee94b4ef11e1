//! The routes, and what every request passes before it gets there.

mod catalogue;
mod health;
mod loads;
mod operations;
mod orders;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use daybook_ods::Scope;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::limits::{Limits, admit, in_turn};
use crate::observe::observe;
use crate::problem::Problem;
use crate::{auth, openapi};

/// How many writers of the catalogue are let on at a time; there are more connections for requests than that.
const EDITORS: usize = 5;

/// All routes with what stands before them.
pub(crate) fn router(app: &App) -> Router {
    let guarded = |routes: OpenApiRouter<App>, scope: Scope| {
        routes.route_layer(from_fn_with_state((app.clone(), scope), auth::require))
    };
    let editors = Arc::new(Semaphore::new(EDITORS));
    let (router, document) = OpenApiRouter::with_openapi(openapi::base())
        .merge(webhooks::routes())
        .merge(guarded(
            catalogue::writing().route_layer(from_fn_with_state(editors, in_turn)),
            Scope::Catalogue,
        ))
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
        // a body is read and measured before it comes to a route
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state((app.clone(), Limits::of(app.options())), admit));
    // health is answered however busy the server is
    limited.merge(health::routes()).layer(from_fn_with_state(app.clone(), observe)).with_state(app.clone())
}
