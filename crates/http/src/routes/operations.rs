//! How Daybook is doing, and what an operator starts.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use daybook_model::contract::Table;
use daybook_ods::{RejectFilter, RejectedRow, place_below};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::catalogue::utc;
use crate::app::App;
use crate::books::BooksError;
use crate::elsewhere::run_on;
use crate::extract::{Json, Query};
use crate::openapi::{AnyProblem, BodyProblem, TokenProblem};
use crate::problem::Problem;

/// The most rows that one answer lists.
const MOST: u32 = 1_000;

/// So many characters of a rejected row are listed: a row may be as long as its file.
const MOST_OF_A_ROW: i32 = 1_000;

/// How many are listed unless more are asked for.
const USUAL: u32 = 100;

pub(crate) fn reading() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(runs))
        .routes(routes!(rejects))
        .routes(routes!(metrics))
}

pub(crate) fn operating() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(start_run)).routes(routes!(replay))
}

/// Tells what is loaded, closed and due
#[utoipa::path(
    get, path = "/v1/status", tag = "operations", security(("token" = [])),
    responses((status = 200, body = Object), AnyProblem, TokenProblem)
)]
async fn status(State(app): State<App>) -> Result<Json<Value>, Problem> {
    Ok(Json(app.services().books.status(app.ods()?).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Limit {
    /// At most so many
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

impl Limit {
    fn checked(limit: Option<u32>) -> Result<u32, Problem> {
        let limit = limit.unwrap_or(USUAL);
        let problem = || Problem::malformed(format!("limit is from 1 to {MOST}"));
        (1..=MOST).contains(&limit).then_some(limit).ok_or_else(problem)
    }
}

#[derive(Serialize, ToSchema)]
struct Runs {
    #[schema(value_type = Vec<Object>)]
    runs: Vec<Value>,
}

/// Lists the last closes, newest first
#[utoipa::path(
    get, path = "/v1/runs", tag = "operations", security(("token" = [])), params(Limit),
    responses((status = 200, body = Runs), AnyProblem, TokenProblem)
)]
async fn runs(State(app): State<App>, Query(page): Query<Limit>) -> Result<Json<Runs>, Problem> {
    let limit = Limit::checked(page.limit)?;
    Ok(Json(Runs { runs: app.services().books.runs(app.ods()?, limit).await? }))
}

/// Which days to close: all that are due, or these.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRun {
    #[schema(nullable = false)]
    from: Option<NaiveDate>,
    #[schema(nullable = false)]
    to: Option<NaiveDate>,
}

#[derive(Serialize, ToSchema)]
struct Started {
    state: &'static str,
}

/// Starts a close
#[utoipa::path(
    post, path = "/v1/runs", tag = "operations", security(("token" = [])), request_body = NewRun,
    responses((status = 202, body = Started), AnyProblem, TokenProblem, BodyProblem,
        (status = 409, body = Problem, content_type = "application/problem+json"))
)]
async fn start_run(
    State(app): State<App>,
    Json(run): Json<NewRun>,
) -> Result<(StatusCode, Json<Started>), Problem> {
    let days = match (run.from, run.to) {
        (None, None) => None,
        (Some(from), Some(to)) if from <= to => Some((from, to)),
        (Some(_), Some(_)) => return Err(Problem::invalid("from is after to", Vec::new())),
        _ => return Err(Problem::invalid("give both from and to, or neither", Vec::new())),
    };
    app.services().books.start_run(days).await?;
    Ok((StatusCode::ACCEPTED, Json(Started { state: "started" })))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Which {
    /// Only those of this load
    load_id: Option<i64>,
    /// Only those for this table
    table: Option<String>,
    /// Only those with this reason
    reason: Option<String>,
    /// Also those that were replayed
    all: Option<bool>,
    /// At most so many
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

#[derive(Serialize, ToSchema)]
struct Rejects {
    rejects: Vec<RejectView>,
}

/// A row that breaks the contract.
#[derive(Serialize, ToSchema)]
struct RejectView {
    row: i64,
    load_id: i64,
    /// The batch or event file.
    uri: String,
    file: String,
    line: i64,
    table: String,
    column: Option<String>,
    reason: String,
    message: String,
    /// The row's text; only its beginning if `raw_is_cut`.
    raw: String,
    raw_is_cut: bool,
    rejected_at: DateTime<Utc>,
    /// The load that brought it again.
    replayed_in: Option<i64>,
}

/// Lists rejected rows, oldest first
#[utoipa::path(
    get, path = "/v1/rejects", tag = "operations", security(("token" = [])), params(Which),
    responses((status = 200, body = Rejects), AnyProblem, TokenProblem)
)]
async fn rejects(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<Rejects>, Problem> {
    let table = which.table.map(|name| name.parse::<Table>()).transpose();
    let table = table.map_err(|error| Problem::malformed(error.to_string()))?;
    if which.reason.as_ref().is_some_and(|reason| reason.contains('\0')) {
        return Err(Problem::malformed("reason holds a NUL character"));
    }
    let filter = RejectFilter {
        id: None,
        load_id: which.load_id,
        table,
        reason: which.reason,
        with_replayed: which.all.unwrap_or_default(),
        raw_characters: Some(MOST_OF_A_ROW),
    };
    let rows = app.ods()?.rejected_rows(&filter, Limit::checked(which.limit)?).await?;
    Ok(Json(Rejects { rejects: rows.into_iter().map(RejectView::from).collect() }))
}

impl From<RejectedRow> for RejectView {
    fn from(row: RejectedRow) -> Self {
        Self {
            row: row.id,
            load_id: row.load_id,
            uri: row.uri,
            file: row.file,
            line: row.line,
            table: row.table_name,
            column: row.column_name,
            reason: row.reason,
            message: row.message,
            raw: row.raw,
            raw_is_cut: row.is_cut,
            rejected_at: utc(row.rejected_at),
            replayed_in: row.replayed_in,
        }
    }
}

/// Where corrected rows lie.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Corrections {
    /// A folder of exported CSV files that were corrected, or one of them, below the landing place.
    #[schema(example = "s3://landing/_corrected")]
    uri: String,
}

/// What a replay did, load by load.
#[derive(Serialize, ToSchema)]
struct Replayed {
    #[schema(value_type = Vec<Object>)]
    batches: Value,
}

/// Loads rejected rows that were corrected
#[utoipa::path(
    post, path = "/v1/rejects/replay", tag = "operations", security(("token" = [])), request_body = Corrections,
    responses((status = 200, body = Replayed), AnyProblem, TokenProblem, BodyProblem,
        (status = 409, body = Problem, content_type = "application/problem+json"))
)]
async fn replay(
    State(app): State<App>,
    Json(corrections): Json<Corrections>,
) -> Result<Json<Replayed>, Problem> {
    let uri = place_below(&app.options().landing, &corrections.uri)?;
    let (ods, options) = (app.patient_ods()?.clone(), app.services().load_options.clone());
    let replay = async move { ods.replay_rejects(&uri, &options, &|_| ()).await };
    let reports = run_on(app.work(), replay).await?;
    Ok(Json(Replayed { batches: crate::loader::to_json(&reports) }))
}

/// Gives the metrics for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "operations", security(("token" = [])),
    responses((status = 200, body = String, content_type = "application/openmetrics-text"), AnyProblem, TokenProblem)
)]
async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    let text = app.metrics_text().await?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}

impl From<BooksError> for Problem {
    fn from(error: BooksError) -> Self {
        match error {
            BooksError::Busy(message) => Self::conflict(message),
            BooksError::Invalid(message) => Self::invalid(message, Vec::new()),
            BooksError::Failed(error) => {
                Self::unavailable("the books cannot be read just now: the log tells why").because(error)
            }
        }
    }
}
