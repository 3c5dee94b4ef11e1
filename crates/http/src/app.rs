//! What all requests share.

use std::sync::{Arc, OnceLock};

use daybook_ods::{Ods, PaymentOptions, PaymentQueue};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::auth::Scraper;
use crate::metrics::Metrics;
use crate::options::HttpOptions;
use crate::problem::Problem;
use crate::readiness::Readiness;
use crate::server::{HttpError, Services};
use crate::signature::Verifier;

/// What all requests share; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

struct Inner {
    /// Where loads are done.
    work: Handle,
    options: HttpOptions,
    services: Services,
    verifier: Verifier,
    metrics: Metrics,
    requests: OnceLock<Ods>,
    payments: OnceLock<PaymentQueue>,
    readiness: Readiness,
    scraper: Scraper,
    /// Held while the metrics are written: what only the database knows is set and read as one.
    scrape: Mutex<()>,
}

impl App {
    pub(crate) fn new(options: HttpOptions, services: Services) -> Result<Self, HttpError> {
        let verifier = Verifier::new(&options.webhooks, options.webhook_tolerance)?;
        let metrics = Metrics::new();
        Ok(Self(Arc::new(Inner {
            work: Handle::current(),
            options,
            services,
            verifier,
            metrics,
            requests: OnceLock::new(),
            payments: OnceLock::new(),
            readiness: Readiness::default(),
            scraper: Scraper::default(),
            scrape: Mutex::default(),
        })))
    }

    /// The runtime of what takes long.
    pub(crate) fn work(&self) -> &Handle {
        &self.0.work
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

    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub(crate) fn scraper(&self) -> &Scraper {
        &self.0.scraper
    }

    /// The operational data store for what is answered soon, once it could be reached.
    pub(crate) fn ods(&self) -> Result<&Ods, Problem> {
        let patient = self.patient_ods()?;
        Ok(self.0.requests.get_or_init(|| patient.for_requests(self.0.options.timeout)))
    }

    /// The same for loads, which take as long as they take and may wait for their turn.
    pub(crate) fn patient_ods(&self) -> Result<&Ods, Problem> {
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

    /// The metrics as text, with what only the database knows if it answers.
    pub(crate) async fn metrics_text(&self) -> Result<String, Problem> {
        let _turn = self.0.scrape.lock().await;
        let metrics = self.metrics();
        metrics.queue(self.0.payments.get().map_or(0, PaymentQueue::depth));
        if let Err(problem) = self.ask_database().await {
            tracing::warn!("metrics without what the database knows: {}", problem.cause());
            metrics.forget_database();
        }
        metrics
            .text()
            .map_err(|error| Problem::internal().because(format!("cannot write the metrics: {error}")))
    }

    async fn ask_database(&self) -> Result<(), Problem> {
        let (ods, services) = (self.ods()?, self.services());
        let gauges = ods.gauges().await?;
        let runs = services.books.run_counts(ods).await?;
        self.metrics().database(&gauges, &runs, services.clock.now());
        Ok(())
    }

    /// Commits the payments that wait, and takes no more.
    pub(crate) async fn close(&self) {
        if let Some(payments) = self.0.payments.get() {
            payments.close().await;
        }
    }
}
