//! The HTTP server as configured.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use daybook_http::{HttpOptions, HttpServer, Services};
use tokio_util::sync::CancellationToken;

use super::books::ProcessBooks;
use super::closer::Closer;
use super::shared_ods::SharedOds;
use crate::daybook::Daybook;
use crate::output;

/// How often the operational data store is looked for until it is there, and then after.
const LOOK: Duration = Duration::from_secs(5);

/// The server, listening but not answering yet, and what it works with; none if none is configured.
pub(super) async fn bind(
    daybook: &Arc<Daybook>,
    closer: &Arc<Closer>,
    insecure_no_auth: bool,
) -> anyhow::Result<Option<(HttpServer, Services)>> {
    let (http, webhooks) = (&daybook.config.http, &daybook.config.webhooks);
    let Some(listen) = http.address()? else { return Ok(None) };
    let options = HttpOptions {
        listen,
        tls: http.tls()?,
        insecure_no_auth,
        webhooks: webhooks.known(),
        webhook_tolerance: TimeDelta::seconds(webhooks.tolerance_seconds.into()),
        landing: daybook.config.landing_url()?,
        max_body: http.max_body_bytes,
        timeout: Duration::from_secs(http.timeout_seconds.into()),
        max_concurrent: http.max_concurrent_requests,
        max_requests_per_second: http.max_requests_per_second,
    };
    let books = Arc::new(ProcessBooks::new(Arc::clone(daybook), Arc::clone(closer)));
    let services = Services::new(books, daybook.load_options()?, daybook.clock);
    let server = HttpServer::bind(options, services.clone()).await?;
    let address = server.address()?;
    tracing::info!(%address, "listening on {address}");
    if !address.ip().is_loopback() && http.tls_certificate.is_none() {
        tracing::warn!(
            "tokens cross the network in the clear: set [http] tls_certificate and tls_key, or put a proxy that speaks TLS before it"
        );
    }
    Ok(Some((server, services)))
}

/// Answers until told to stop.
pub(super) async fn answer(server: HttpServer, stop: CancellationToken) {
    if let Err(error) = server.serve(stop).await {
        tracing::error!(%error, "{error}");
    }
}

/// Hands the operational data store to the server once it is there, and starts the embedded one again if it goes.
pub(super) async fn keep_ods(ods: Arc<SharedOds>, services: Services, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        let mut was_there = None;
        loop {
            let found = ods.get().await;
            let is_there = Some(found.is_ok());
            let is_news = std::mem::replace(&mut was_there, is_there) != is_there;
            match found {
                Ok(open) => {
                    // the first one stays: its connections come back by themselves
                    let _ = services.ods.set(open.clone());
                    if is_news {
                        tracing::info!("the operational data store is there");
                    }
                }
                Err(error) if is_news => {
                    let error = output::in_a_line(&error);
                    tracing::error!(error, "the operational data store is away: {error}");
                }
                Err(_) => {}
            }
            tokio::time::sleep(LOOK).await;
        }
    })
    .await;
}
