//! Errors as problem documents (RFC 9457).

use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use daybook_ods::OdsError;
use serde::Serialize;
use utoipa::ToSchema;

/// How long a client should wait for a database or a queue, in seconds.
const RETRY_AFTER: &str = "5";

/// Why a request was not done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Tells kinds of problems apart; stays the same.
    #[serde(rename = "type")]
    #[schema(example = "urn:daybook:problem:invalid")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// The status code of the answer.
    #[schema(example = 422)]
    status: u16,
    /// What is wrong with this request, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The values that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<InvalidValue>,
    /// Boxed, because every result carries the room for it.
    #[serde(skip)]
    header: Option<Box<(HeaderName, HeaderValue)>>,
    /// For the log only.
    #[serde(skip)]
    cause: Option<Cause>,
}

/// Why Daybook could not do what was asked, in words that are not for whoever asked; it goes with the answer to where
/// requests are logged.
#[derive(Clone, Debug)]
pub(crate) struct Cause(pub(crate) String);

/// A value that breaks the contract.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InvalidValue {
    /// Where it stands in the request's body (RFC 6901).
    #[schema(example = "/0/status")]
    pub(crate) pointer: String,
    /// The reason's code.
    #[schema(example = "missing_value")]
    pub(crate) reason: String,
    /// The reason in words.
    pub(crate) detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &str, title: &'static str) -> Self {
        let kind = format!("urn:daybook:problem:{code}");
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: None,
            errors: Vec::new(),
            header: None,
            cause: None,
        }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some(Box::new((name, HeaderValue::from_static(value))));
        self
    }

    /// The same problem, whose cause is logged with the request.
    pub(crate) fn because(mut self, cause: impl ToString) -> Self {
        self.cause = Some(Cause(cause.to_string()));
        self
    }

    /// Why, in words for the log.
    pub(crate) fn cause(&self) -> &str {
        match (&self.cause, &self.detail) {
            (Some(Cause(cause)), _) => cause,
            (None, Some(detail)) => detail,
            (None, None) => self.title,
        }
    }

    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be understood").detail(detail)
    }

    pub(crate) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "Nobody known asks")
            .detail(detail)
            .header(header::WWW_AUTHENTICATE, "Bearer, Basic realm=\"daybook\"")
    }

    pub(crate) fn bad_signature(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "bad_signature", "The signature is not right")
            .detail(detail)
            .header(header::WWW_AUTHENTICATE, "Signature")
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "The token does not allow this").detail(detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing").detail(detail)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not offered here")
    }

    pub(crate) fn timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "timeout", "The request did not arrive in time")
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "Something else is in the way").detail(detail)
    }

    pub(crate) fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", "It was changed meanwhile")
            .detail(detail)
    }

    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The request is too large").detail(detail)
    }

    pub(crate) fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body is of another type")
            .detail(detail)
    }

    pub(crate) fn invalid(detail: impl Into<String>, errors: Vec<InvalidValue>) -> Self {
        let problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request breaks the contract");
        Self { errors, ..problem.detail(detail) }
    }

    pub(crate) fn too_many_requests() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "Too many requests")
            .header(header::RETRY_AFTER, "1")
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Daybook failed")
            .detail("the log tells why, under the answer's x-request-id")
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now")
            .detail(detail)
            .header(header::RETRY_AFTER, RETRY_AFTER)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, content_type, body).into_response();
        if let Some(header) = self.header {
            let (name, value) = *header;
            response.headers_mut().insert(name, value);
        }
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

impl From<OdsError> for Problem {
    fn from(error: OdsError) -> Self {
        match cause(&error) {
            _ if error.is_outage() => {
                let cause = format!("the operational data store is away: {error}");
                Self::unavailable("the operational data store cannot be reached").because(cause)
            }
            OdsError::GaveUp(_) => {
                Self::unavailable("another writer keeps these rows, or there is too much to do")
                    .because(error)
            }
            OdsError::Conflict(_) => Self::conflict("another writer changed the same rows: try again"),
            OdsError::Location { .. } | OdsError::NotFound(_) | OdsError::NothingToLoad(_) => {
                Self::invalid(error.to_string(), Vec::new())
            }
            _ => Self::internal().because(error),
        }
    }
}

/// What happened, whichever batch it happened to.
fn cause(error: &OdsError) -> &OdsError {
    match error {
        OdsError::Batch { source, .. } => cause(source),
        error => error,
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection {
            JsonRejection::MissingJsonContentType(_) => Self::unsupported_media_type("send application/json"),
            JsonRejection::JsonDataError(error) => Self::invalid(error.body_text(), Vec::new()),
            JsonRejection::BytesRejection(rejection) => rejection.into(),
            rejection => Self::malformed(rejection.body_text()),
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(rejection.body_text()),
            _ => Self::malformed(rejection.body_text()),
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::malformed(rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::malformed(rejection.body_text())
    }
}
