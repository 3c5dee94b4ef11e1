//! Loads on request.

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use daybook_ods::LoadRequest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue::utc;
use crate::app::App;
use crate::extract::{Json, Path};
use crate::openapi::{AnyProblem, BodyProblem, TokenProblem};
use crate::problem::Problem;
use crate::s3_event::S3Event;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(request_load)).routes(routes!(load))
}

/// What to load: a place, or what S3 says has arrived.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum LoadOrder {
    Place(Place),
    Event(S3Event),
}

#[derive(Deserialize, ToSchema)]
struct Place {
    /// A batch directory, a folder of them, or an event file, below the landing place.
    #[schema(example = "s3://landing/2024-05-01")]
    uri: String,
}

/// The loads that were asked for.
#[derive(Serialize, ToSchema)]
struct RequestedLoads {
    loads: Vec<LoadView>,
}

/// A load that was asked for.
#[derive(Serialize, ToSchema)]
struct LoadView {
    id: i64,
    uri: String,
    state: LoadState,
    /// Why it failed.
    message: Option<String>,
    requested_at: DateTime<Utc>,
    /// When it last ended.
    finished_at: Option<DateTime<Utc>>,
    /// What became of each batch and event file there.
    #[schema(value_type = Vec<Object>)]
    batches: Value,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum LoadState {
    Queued,
    Running,
    Done,
    Failed,
}

/// Asks for a load
///
/// It is done soon, by this process or another. The same place again is the same load; once it is done, asking again
/// loads what is new there. An S3 event notification is taken as it comes: each batch that it names is one load.
#[utoipa::path(
    post, path = "/v1/loads", tag = "loads", security(("token" = [])), request_body = LoadOrder,
    responses((status = 202, body = RequestedLoads), AnyProblem, TokenProblem, BodyProblem)
)]
async fn request_load(
    State(app): State<App>,
    Json(order): Json<LoadOrder>,
) -> Result<(StatusCode, Json<RequestedLoads>), Problem> {
    let places = match order {
        LoadOrder::Place(place) => vec![place.uri],
        LoadOrder::Event(event) => event.places().map_err(|problem| Problem::invalid(problem, Vec::new()))?,
    };
    let mut uris = Vec::with_capacity(places.len());
    for place in &places {
        uris.push(below_landing(&app.options().landing, place)?);
    }
    let ods = app.ods()?;
    let mut loads = Vec::with_capacity(uris.len());
    for uri in uris {
        loads.push(ods.request_load(uri.as_str()).await?.into());
    }
    app.services().wake_loader.notify_one();
    Ok((StatusCode::ACCEPTED, Json(RequestedLoads { loads })))
}

/// Tells how a load is going
#[utoipa::path(
    get, path = "/v1/loads/{id}", tag = "loads", security(("token" = [])),
    params(("id" = i64, Path)),
    responses((status = 200, body = LoadView), AnyProblem, TokenProblem,
        (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn load(State(app): State<App>, Path(id): Path<i64>) -> Result<Json<LoadView>, Problem> {
    let found = app.ods()?.load_request(id).await?;
    found
        .map(|request| Json(request.into()))
        .ok_or_else(|| Problem::not_found(format!("there is no load {id}")))
}

/// Whoever may ask for loads may not make this server read anything else.
pub(super) fn below_landing(landing: &Url, place: &str) -> Result<Url, Problem> {
    let refuse =
        || Problem::invalid(format!("'{place}' is not below the landing place {landing}"), Vec::new());
    let url = Url::parse(place).map_err(|_| refuse())?;
    let root = landing.path().trim_end_matches('/');
    let is_below = (url.scheme(), url.host_str()) == (landing.scheme(), landing.host_str())
        && url.path().strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if is_below && is_plain { Ok(url) } else { Err(refuse()) }
}

impl From<LoadRequest> for LoadView {
    fn from(request: LoadRequest) -> Self {
        Self {
            id: request.id,
            uri: request.uri,
            state: match request.state.as_str() {
                "queued" => LoadState::Queued,
                "running" => LoadState::Running,
                "failed" => LoadState::Failed,
                _ => LoadState::Done,
            },
            message: request.message,
            requested_at: utc(request.requested_at),
            finished_at: request.finished_at.map(utc),
            batches: request.result,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_what_is_below_the_landing_place_is_loaded() {
        let landing: Url = "s3://bucket/landing".parse().unwrap();
        for good in ["s3://bucket/landing", "s3://bucket/landing/2024-05-01", "s3://bucket/landing/a/b/"] {
            assert_eq!(below_landing(&landing, good).unwrap().as_str(), good);
        }
        for bad in [
            "s3://bucket/landing-zone/1",
            "s3://other/landing/1",
            "s3://bucket/landing/../secrets",
            "s3://bucket/landing/%2e%2e/secrets",
            "file:///landing/1",
            "landing/1",
            "s3://bucket/landing/1?x=y",
            "s3://user@bucket/landing/1",
        ] {
            below_landing(&landing, bad).map_err(|_| bad).unwrap_err();
        }
    }
}
