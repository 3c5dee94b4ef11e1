//! The OpenAPI document: what every route takes and gives.

use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{IntoResponses, Modify, OpenApi};

use crate::problem::Problem;

/// The name of the security scheme.
pub(crate) const TOKEN: &str = "token";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Daybook",
        description = "Payments, the catalogue, loads and customer service of one shop.\n\n\
            Errors are problem documents (RFC 9457). Times are UTC. Amounts are integers in minor units. \
            Every answer has an `x-request-id`, under which the log tells more.",
    ),
    tags(
        (name = "webhooks", description = "Signed events of payment providers"),
        (name = "catalogue", description = "Products and variants, as they are offered now"),
        (name = "loads", description = "Batches in the landing place"),
        (name = "customer service", description = "Orders with their lines and payments"),
        (name = "operations", description = "How Daybook is doing"),
    ),
    modifiers(&Security),
)]
struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some(
            "`daybook token create` makes one. As the password of basic authentication it is good, too."
                .to_owned(),
        );
        components.add_security_scheme(TOKEN, SecurityScheme::Http(scheme));
    }
}

/// The document before any route is in it.
pub(crate) fn base() -> Document {
    let mut document = Base::openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document
}

/// What any route may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes answers, and is none")]
pub(crate) enum AnyProblem {
    /// The request cannot be understood.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(#[to_schema] Problem),
    /// The body did not arrive in time.
    #[response(status = 408, content_type = "application/problem+json")]
    Timeout(#[to_schema] Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Problem),
    /// Too many requests from one address.
    #[response(status = 429, content_type = "application/problem+json")]
    TooManyRequests(#[to_schema] Problem),
    /// Daybook failed.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(#[to_schema] Problem),
    /// The database is away, rows are locked, or there is too much to do: come again after `Retry-After` seconds.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Problem),
}

/// What a route may answer that needs a token.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes answers, and is none")]
pub(crate) enum TokenProblem {
    /// There is no token, or none that is in force.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(#[to_schema] Problem),
    /// The token lacks the scope.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(#[to_schema] Problem),
}

/// What a route may answer that takes a JSON body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it describes answers, and is none")]
pub(crate) enum BodyProblem {
    /// The body is not `application/json`.
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(#[to_schema] Problem),
    /// The body breaks the contract.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(#[to_schema] Problem),
}
