//! What every request passes on its way in: its size, its time, its turn.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::app::App;
use crate::bodies::Bodies;
use crate::options::HttpOptions;
use crate::problem::Problem;

/// So many of the largest bodies may lie in memory at once.
const LARGEST_BODIES: usize = 64;

/// How many requests are worked on, how large they are together, and how often one address may ask.
#[derive(Clone)]
pub(crate) struct Limits {
    places: Arc<Semaphore>,
    bodies: Arc<Bodies>,
    rates: Option<Arc<DefaultKeyedRateLimiter<std::net::IpAddr>>>,
}

impl Limits {
    pub(crate) fn of(options: &HttpOptions) -> Self {
        let rates = NonZeroU32::new(options.max_requests_per_second)
            .map(|rate| Arc::new(RateLimiter::keyed(Quota::per_second(rate))));
        let places = Arc::new(Semaphore::new(options.max_concurrent.min(Semaphore::MAX_PERMITS)));
        let bodies = Arc::new(Bodies::of(options.max_body.saturating_mul(LARGEST_BODIES)));
        Self { places, bodies, rates }
    }

    fn is_too_fast(&self, address: SocketAddr) -> bool {
        let Some(rates) = &self.rates else { return false };
        // forget addresses that have not asked for a while, now and then
        if rates.len() > 10_000 {
            rates.retain_recent();
        }
        rates.check_key(&address.ip()).is_err()
    }
}

/// Reads the body before the request takes a place, so that a slow client holds none.
pub(crate) async fn admit(
    State((app, limits)): State<(App, Limits)>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    if limits.is_too_fast(address) {
        return Problem::too_many_requests().into_response();
    }
    let options = app.options();
    let (head, body) = request.into_parts();
    // what `_held` counts lies in memory until the answer is there
    let (body, _held) = match timeout(options.timeout, limits.bodies.read(body, options.max_body)).await {
        Ok(Ok(read)) => read,
        Ok(Err(problem)) => return problem.into_response(),
        Err(_) => return Problem::timeout().into_response(),
    };
    let Ok(_place) = limits.places.try_acquire() else {
        return Problem::unavailable("too many requests are under way").into_response();
    };
    let request = Request::from_parts(head, Body::from(body));
    match timeout(options.timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = "the request took too long; some of it may be done; sending it again is harmless";
            Problem::unavailable(detail).into_response()
        }
    }
}

/// Lets a few requests on at a time, and the others wait: they may have to wait for a row that somebody keeps locked,
/// and must not hold all of the requests' connections meanwhile.
pub(crate) async fn in_turn(State(turns): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let _turn = turns.acquire().await;
    next.run(request).await
}
