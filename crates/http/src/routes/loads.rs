//! Loads on request.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use daybook_ods::{LoadRequest, place_below};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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

impl LoadOrder {
    /// Says what is wrong with either, rather than that it is neither.
    fn read(order: Value) -> Result<Self, Problem> {
        let read = if order.get("Records").is_some() {
            serde_json::from_value(order).map(Self::Event)
        } else {
            serde_json::from_value(order).map(Self::Place)
        };
        read.map_err(|error| Problem::invalid(error.to_string(), Vec::new()))
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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

impl From<daybook_ods::LoadState> for LoadState {
    fn from(state: daybook_ods::LoadState) -> Self {
        match state {
            daybook_ods::LoadState::Queued => Self::Queued,
            daybook_ods::LoadState::Running => Self::Running,
            daybook_ods::LoadState::Done => Self::Done,
            daybook_ods::LoadState::Failed => Self::Failed,
        }
    }
}

/// Asks for a load
///
/// It is done soon, by this process or another. The same place again is the same load; once it is done, asking again
/// loads what is new there. An S3 event notification is taken as it comes: each batch that its new objects belong to is
/// one load; objects that loads leave alone, such as `_…` and `….tmp`, are none.
#[utoipa::path(
    post, path = "/v1/loads", tag = "loads", security(("token" = [])), request_body = LoadOrder,
    responses((status = 202, body = RequestedLoads), AnyProblem, TokenProblem, BodyProblem)
)]
async fn request_load(
    State(app): State<App>,
    Json(order): Json<Value>,
) -> Result<(StatusCode, Json<RequestedLoads>), Problem> {
    let landing = &app.options().landing;
    let places = match LoadOrder::read(order)? {
        LoadOrder::Place(place) => BTreeSet::from([place_below(landing, &place.uri)?]),
        LoadOrder::Event(event) => event.places(landing)?,
    };
    let ods = app.ods()?;
    let mut loads = Vec::with_capacity(places.len());
    for uri in places {
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

impl From<LoadRequest> for LoadView {
    fn from(request: LoadRequest) -> Self {
        Self {
            id: request.id,
            uri: request.uri,
            state: request.state.into(),
            message: request.message,
            requested_at: utc(request.requested_at),
            finished_at: request.finished_at.map(utc),
            batches: request.result,
        }
    }
}
