//! What Prometheus scrapes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use chrono::NaiveDateTime;
use daybook_ods::{OdsGauges, PaymentGroup};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::books::RunCounts;

/// The metrics of this process; cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    queue: Gauge,
    commit_events: Histogram,
    commit_seconds: Histogram,
    uncommitted: Counter,
    loads: Family<StateLabel, Gauge>,
    rejected_rows: Gauge,
    parked_rows: Gauge,
    runs: Family<StateLabel, Gauge>,
    close_lag: Gauge<f64, AtomicU64>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: String,
    route: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabel {
    state: String,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        // from half a millisecond to 16 seconds
        let seconds = || Histogram::new(exponential_buckets(0.0005, 2.0, 16));
        let mut metrics = Self {
            registry: Arc::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds),
            queue: Gauge::default(),
            commit_events: Histogram::new(exponential_buckets(1.0, 2.0, 15)),
            commit_seconds: seconds(),
            uncommitted: Counter::default(),
            loads: Family::default(),
            rejected_rows: Gauge::default(),
            parked_rows: Gauge::default(),
            runs: Family::default(),
            close_lag: Gauge::default(),
        };
        metrics.registry = Arc::new(metrics.registered());
        metrics
    }

    fn registered(&self) -> Registry {
        let mut registry = Registry::with_prefix("daybook");
        registry.register("http_requests", "Requests answered", self.requests.clone());
        let help = "From a request's head to its answer";
        registry.register("http_request_seconds", help, self.request_seconds.clone());
        registry.register("payment_queue", "Payment events that wait for their commit", self.queue.clone());
        registry.register("payment_commit_events", "Payment events in a commit", self.commit_events.clone());
        registry.register("payment_commit_seconds", "What a commit took", self.commit_seconds.clone());
        let help = "Payment events that could not be stored, and whose senders were told so";
        registry.register("payment_uncommitted_events", help, self.uncommitted.clone());
        registry.register("loads", "Batches and event files in the ledger", self.loads.clone());
        registry.register(
            "rejected_rows",
            "Rejected rows that were not replayed",
            self.rejected_rows.clone(),
        );
        registry.register("parked_rows", "Rows that wait for their parent", self.parked_rows.clone());
        registry.register("runs", "Closes by how they ended", self.runs.clone());
        let help = "Seconds since the last close that published";
        registry.register("close_lag_seconds", help, self.close_lag.clone());
        registry
    }

    /// Notes an answer; `route` is a route's pattern, never a path, of which there are endlessly many.
    pub(crate) fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_owned(), route.to_owned());
        let labels = RequestLabels { method: method.clone(), route: route.clone(), status };
        self.requests.get_or_create(&labels).inc();
        self.request_seconds.get_or_create(&RouteLabels { method, route }).observe(took.as_secs_f64());
    }

    /// Notes a group of payments.
    pub(crate) fn committed(&self, group: &PaymentGroup) {
        self.commit_events.observe(group.events as f64);
        self.commit_seconds.observe(group.took.as_secs_f64());
        self.uncommitted.inc_by(group.unavailable as u64);
    }

    pub(crate) fn queue(&self, depth: usize) {
        self.queue.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// Notes what only the database knows.
    pub(crate) fn store(&self, gauges: &OdsGauges) {
        for (state, count) in &gauges.loads {
            self.loads.get_or_create(&StateLabel { state: state.clone() }).set(*count);
        }
        self.rejected_rows.set(gauges.rejected_rows);
        self.parked_rows.set(gauges.parked_rows);
    }

    /// Notes how closes ended.
    pub(crate) fn runs(&self, runs: &RunCounts, now: NaiveDateTime) {
        for (state, count) in &runs.by_state {
            self.runs.get_or_create(&StateLabel { state: state.clone() }).set(*count);
        }
        if let Some(published) = runs.last_published_at {
            self.close_lag.set((now - published).as_seconds_f64());
        }
    }

    /// All of them as text.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
