//! Who asks, and what they may do.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daybook_ods::Scope;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::problem::Problem;

const METRICS: &str = "/metrics";

/// Whoever was let in to the metrics last is let in without the database, too: that it is away is what metrics must
/// tell. Only the token's hash is kept.
#[derive(Default)]
pub(crate) struct Scraper(Mutex<Option<[u8; 32]>>);

impl Scraper {
    fn remember(&self, token: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Sha256::digest(token).into());
    }

    fn is(&self, token: &str) -> bool {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.is_some_and(|known| known.as_slice().ct_eq(Sha256::digest(token).as_slice()).into())
    }
}

/// Lets a request through if its bearer token has the scope.
///
/// Used as a layer of each route with its own scope, so a route without one is open on purpose.
pub(crate) async fn require(
    State((app, scope)): State<(App, Scope)>,
    request: Request,
    next: Next,
) -> Response {
    match check(&app, scope, request.uri(), request.headers()).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn check(app: &App, scope: Scope, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    if app.options().insecure_no_auth {
        return check_host(uri, headers);
    }
    let token = token_of(headers)?;
    let is_scrape = uri.path() == METRICS;
    let known = match app.ods()?.authenticate(&token).await {
        Err(error) if is_scrape && error.is_outage() && app.scraper().is(&token) => return Ok(()),
        known => known?,
    };
    let Some(bearer) = known else {
        return Err(Problem::unauthenticated(
            "the token is unknown or revoked: `daybook token create` makes one",
        ));
    };
    if !bearer.scopes.contains(&scope) {
        return Err(Problem::forbidden(format!("the token '{}' lacks the scope '{scope}'", bearer.name)));
    }
    if is_scrape {
        app.scraper().remember(&token);
    }
    Ok(())
}

/// Without tokens, a page of the web must not reach this machine through a name of its own that leads here.
fn check_host(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    let named = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(uri.host());
    let authority = named.and_then(|host| host.parse::<Authority>().ok());
    let host = authority.as_ref().map_or("", Authority::host);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback()) {
        return Ok(());
    }
    Err(Problem::forbidden("without tokens, ask for localhost or 127.0.0.1, and for no other name"))
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
