//! What all requests share.

use std::sync::{Arc, OnceLock};

use daybook_ods::{Ods, PaymentOptions, PaymentQueue};

use crate::metrics::Metrics;
use crate::options::HttpOptions;
use crate::problem::Problem;
use crate::server::{HttpError, Services};
use crate::signature::Verifier;

/// What all requests share; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    options: HttpOptions,
    services: Services,
    verifier: Verifier,
    metrics: Metrics,
    payments: OnceLock<PaymentQueue>,
}

impl App {
    pub(crate) fn new(options: HttpOptions, services: Services) -> Result<Self, HttpError> {
        let verifier = Verifier::new(&options.webhooks, options.webhook_tolerance)?;
        let metrics = Metrics::new();
        Ok(Self(Arc::new(Inner { options, services, verifier, metrics, payments: OnceLock::new() })))
    }

    pub(crate) fn options(&self) -> &HttpOptions {
        &self.0.options
    }

    pub(crate) fn services(&self) -> &Services {
        &self.0.services
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// The operational data store, once it could be reached.
    pub(crate) fn ods(&self) -> Result<&Ods, Problem> {
        self.0
            .services
            .ods
            .get()
            .ok_or_else(|| Problem::unavailable("the operational data store could not be reached yet"))
    }

    /// Where payments wait for their commit.
    pub(crate) fn payments(&self) -> Result<&PaymentQueue, Problem> {
        let ods = self.ods()?;
        Ok(self.0.payments.get_or_init(|| {
            let paid_statuses = self.services().load_options.paid_statuses.clone();
            let options = PaymentOptions { paid_statuses, ..PaymentOptions::default() };
            let metrics = self.0.metrics.clone();
            PaymentQueue::open(ods, options, move |group| metrics.committed(group))
        }))
    }

    /// The metrics as text, with what only the database knows.
    pub(crate) async fn metrics_text(&self) -> Result<String, Problem> {
        let metrics = self.metrics();
        metrics.queue(self.0.payments.get().map_or(0, PaymentQueue::depth));
        metrics.store(&self.ods()?.gauges().await?);
        let services = self.services();
        metrics.runs(&services.books.run_counts().await?, services.clock.now());
        metrics.text().map_err(|error| {
            tracing::error!(%error, "cannot write the metrics: {error}");
            Problem::internal()
        })
    }

    /// Commits the payments that wait, and takes no more.
    pub(crate) async fn close(&self) {
        if let Some(payments) = self.0.payments.get() {
            payments.close().await;
        }
    }
}
