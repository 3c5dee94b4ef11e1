//! What all requests share.

use std::sync::Arc;

use daybook_ods::Ods;

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
}

impl App {
    pub(crate) fn new(options: HttpOptions, services: Services) -> Result<Self, HttpError> {
        let verifier = Verifier::new(&options.webhooks, options.webhook_tolerance)?;
        Ok(Self(Arc::new(Inner { options, services, verifier, metrics: Metrics::new() })))
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
}
