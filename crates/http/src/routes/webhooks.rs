//! Payments, signed by their senders.

use axum::extract::State;
use axum::http::HeaderMap;
use daybook_ods::{PaymentEvent, PaymentOutcome, PaymentReject, SubmitError};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::{Body, Json};
use crate::openapi::{AnyProblem, BodyProblem};
use crate::problem::{InvalidValue, Problem};
use crate::shopify;

/// So many bad events of one request are named.
const MOST_NAMED: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(transactions)).routes(routes!(shopify_transactions))
}

/// A payment transaction took a status.
#[derive(Serialize, ToSchema)]
struct TransactionEvent {
    #[schema(min_length = 1, max_length = 512, example = "pay_1")]
    id: String,
    #[schema(min_length = 1, max_length = 512, example = "1001")]
    order_id: String,
    #[schema(min_length = 1, max_length = 45, example = "success")]
    status: String,
    /// With an offset, or UTC.
    #[schema(example = "2024-05-01T10:00:00Z", format = DateTime)]
    created_at: String,
}

/// One event, or several.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the events are read by their own grammar; this describes it")]
enum TransactionEvents {
    One(TransactionEvent),
    Several(Vec<TransactionEvent>),
}

/// What became of the events, in their order. They are durable.
#[derive(Serialize, ToSchema)]
struct Acknowledgement {
    events: Vec<AcknowledgedEvent>,
}

#[derive(Serialize, ToSchema)]
struct AcknowledgedEvent {
    id: String,
    outcome: Outcome,
}

#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    /// It is the payment's state now.
    Stored,
    /// The payment had this state, or a later one, already.
    Unchanged,
}

/// Takes signed payment events (Standard Webhooks)
///
/// A success is answered once every event is durable. Of several events each stands for itself: when some break the
/// contract, the answer is 422 and names them, a hundred at most, and the others are stored. More events than can ever
/// wait at once are refused whole (413). Sending events again is harmless.
#[utoipa::path(
    post, path = "/v1/webhooks/transactions", tag = "webhooks",
    request_body(content = TransactionEvents, content_type = "application/json"),
    params(("webhook-id" = String, Header), ("webhook-timestamp" = String, Header),
        ("webhook-signature" = String, Header, description = "`v1,` and the base64 of an HMAC-SHA256; several, separated by blanks")),
    responses((status = 200, body = Acknowledgement), AnyProblem, BodyProblem,
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn transactions(
    State(app): State<App>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Acknowledgement>, Problem> {
    let verifier = app.verifier();
    if !verifier.accepts_standard() {
        return Err(Problem::not_found("no secret is configured: set [webhooks] secrets"));
    }
    verifier.check_standard(&headers, &body, app.services().clock.now()).map_err(Problem::bad_signature)?;
    let events =
        PaymentEvent::split_body(&body).map_err(|reject| invalid(vec![(String::new(), reject)], 0))?;
    app.payments()?.room_for(events.len())?;
    let events = events.into_iter().map(PaymentEvent::parse).collect();
    let is_array = body.trim_ascii_start().starts_with(b"[");
    store(&app, events, is_array).await
}

/// Takes Shopify's `order_transactions/create`
///
/// Only a sale or a capture keeps its status; others have their kind before it, such as `refund_success`. A transaction
/// of the test mode (`"test": true`) is no payment: it is acknowledged, and nothing is stored.
#[utoipa::path(
    post, path = "/v1/webhooks/shopify", tag = "webhooks",
    request_body(content = Object, content_type = "application/json"),
    params(("x-shopify-hmac-sha256" = String, Header), ("x-shopify-topic" = String, Header)),
    responses((status = 200, body = Acknowledgement), AnyProblem, BodyProblem,
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 404, body = Problem, content_type = "application/problem+json"))
)]
async fn shopify_transactions(
    State(app): State<App>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Acknowledgement>, Problem> {
    let verifier = app.verifier();
    if !verifier.accepts_shopify() {
        return Err(Problem::not_found("no secret is configured: set [webhooks] shopify_secrets"));
    }
    verifier.check_shopify(&headers, &body).map_err(Problem::bad_signature)?;
    let topic = headers.get("x-shopify-topic").and_then(|topic| topic.to_str().ok()).unwrap_or_default();
    if topic != shopify::TOPIC {
        return Err(Problem::invalid(format!("the topic is '{topic}', not {}", shopify::TOPIC), Vec::new()));
    }
    let Some(event) = shopify::event(&body)? else { return Ok(Json(Acknowledgement { events: Vec::new() })) };
    store(&app, vec![PaymentEvent::parse(event.to_string().as_bytes())], false).await
}

/// Stores the good ones, and says which are not.
async fn store(
    app: &App,
    events: Vec<Result<PaymentEvent, PaymentReject>>,
    is_array: bool,
) -> Result<Json<Acknowledgement>, Problem> {
    let pointer = |position: usize| if is_array { format!("/{position}") } else { String::new() };
    let (mut good, mut bad, mut positions) = (Vec::new(), Vec::new(), Vec::new());
    for (position, event) in events.into_iter().enumerate() {
        match event {
            Ok(event) => {
                positions.push(position);
                good.push(event);
            }
            Err(reject) => bad.push((pointer(position), reject)),
        }
    }
    let ids: Vec<String> = good.iter().map(|event| event.id().to_owned()).collect();
    let outcomes = app.payments()?.submit(good).await?;
    let mut stored = Vec::with_capacity(ids.len());
    for ((id, outcome), position) in ids.into_iter().zip(outcomes).zip(positions) {
        match outcome {
            PaymentOutcome::Stored => stored.push(AcknowledgedEvent { id, outcome: Outcome::Stored }),
            PaymentOutcome::Unchanged => stored.push(AcknowledgedEvent { id, outcome: Outcome::Unchanged }),
            PaymentOutcome::Refused(reject) => bad.push((pointer(position), reject)),
        }
    }
    if bad.is_empty() {
        Ok(Json(Acknowledgement { events: stored }))
    } else {
        Err(invalid(bad, stored.len()))
    }
}

fn invalid(rejects: Vec<(String, PaymentReject)>, stored: usize) -> Problem {
    let unnamed = rejects.len().saturating_sub(MOST_NAMED);
    let errors = rejects.into_iter().take(MOST_NAMED).map(|(pointer, reject)| InvalidValue {
        pointer: reject.column.map_or_else(|| pointer.clone(), |column| format!("{pointer}/{column}")),
        reason: reject.reason.to_owned(),
        detail: reject.message,
    });
    let stored = match stored {
        0 => "nothing was stored".to_owned(),
        1 => "the other event is stored".to_owned(),
        stored => format!("the other {stored} events are stored"),
    };
    let detail = match unnamed {
        0 => stored,
        1 => format!("{stored}; 1 more error is not listed"),
        more => format!("{stored}; {more} more errors are not listed"),
    };
    Problem::invalid(detail, errors.collect())
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::TooMany { .. } => Self::too_large(error.to_string()),
            SubmitError::Unavailable { .. } => {
                Self::unavailable("payments cannot be stored just now: nothing is lost if you send again")
                    .because(error)
            }
            SubmitError::QueueFull { .. } | SubmitError::Closed => Self::unavailable(error.to_string()),
        }
    }
}
