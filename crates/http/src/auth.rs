//! Who asks, and what they may do.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daybook_ods::Scope;

use crate::app::App;
use crate::problem::Problem;

/// Lets a request through if its bearer token has the scope.
///
/// Used as a layer of each route with its own scope, so a route without one is open on purpose.
pub(crate) async fn require(
    State((app, scope)): State<(App, Scope)>,
    request: Request,
    next: Next,
) -> Response {
    match check(&app, scope, request.headers()).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn check(app: &App, scope: Scope, headers: &HeaderMap) -> Result<(), Problem> {
    if app.options().insecure_no_auth {
        return Ok(());
    }
    let token = token_of(headers)?;
    let Some(bearer) = app.ods()?.authenticate(&token).await? else {
        return Err(Problem::unauthenticated(
            "the token is unknown or revoked: `daybook token create` makes one",
        ));
    };
    if !bearer.scopes.contains(&scope) {
        return Err(Problem::forbidden(format!("the token '{}' lacks the scope '{scope}'", bearer.name)));
    }
    Ok(())
}

/// The token of a program's header, or of a browser's, which sends it as the password of basic authentication.
fn token_of(headers: &HeaderMap) -> Result<String, Problem> {
    let missing = || Problem::unauthenticated("send the header Authorization: Bearer <token>");
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?.to_str().map_err(|_| missing())?;
    let (scheme, credentials) = value.split_once(' ').ok_or_else(missing)?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(credentials.to_owned());
    }
    let decoded = STANDARD.decode(credentials).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"));
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(missing)?;
    text.split_once(':').map(|(_, password)| password.to_owned()).ok_or_else(missing)
}
