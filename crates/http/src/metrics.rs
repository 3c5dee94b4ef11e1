//! What Prometheus scrapes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::NaiveDateTime;
use daybook_ods::{OdsGauges, PaymentGroup};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
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
    /// What only the database knows.
    database: Arc<Registry>,
    /// What is known only once a close has published.
    published: Arc<Registry>,
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
    has_published: Arc<AtomicBool>,
    database_answers: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
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
            database: Arc::default(),
            published: Arc::default(),
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
            has_published: Arc::default(),
            database_answers: Gauge::default(),
        };
        metrics.registry = Arc::new(metrics.registered());
        metrics.database = Arc::new(metrics.registered_of_database());
        metrics.published = Arc::new(metrics.registered_once_published());
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
        let help = "1 if what only the database knows is known, else 0";
        registry.register("database_answers", help, self.database_answers.clone());
        registry
    }

    fn registered_of_database(&self) -> Registry {
        let mut registry = Registry::with_prefix("daybook");
        registry.register("loads", "Batches and event files in the ledger", self.loads.clone());
        let help = "Rejected rows that were not replayed";
        registry.register("rejected_rows", help, self.rejected_rows.clone());
        registry.register("parked_rows", "Rows that wait for their parent", self.parked_rows.clone());
        registry.register("runs", "Closes by how they ended", self.runs.clone());
        registry
    }

    fn registered_once_published(&self) -> Registry {
        let mut registry = Registry::with_prefix("daybook");
        let help = "Seconds since the last close that published";
        registry.register("close_lag_seconds", help, self.close_lag.clone());
        registry
    }

    /// Notes an answer; `route` is a route's pattern, never a path, of which there are endlessly many.
    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        let labels = RequestLabels { method, route: route.clone(), status };
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

    /// Notes what only the database knows; states that nothing is in any more are gone.
    pub(crate) fn database(&self, gauges: &OdsGauges, runs: &RunCounts, now: NaiveDateTime) {
        set(&self.loads, &gauges.loads);
        set(&self.runs, &runs.by_state);
        self.rejected_rows.set(gauges.rejected_rows);
        self.parked_rows.set(gauges.parked_rows);
        if let Some(published) = runs.last_published_at {
            self.close_lag.set((now - published).as_seconds_f64());
        }
        self.has_published.store(runs.last_published_at.is_some(), Ordering::Relaxed);
        self.database_answers.set(1);
    }

    /// Notes that the database does not answer.
    pub(crate) fn forget_database(&self) {
        self.database_answers.set(0);
    }

    /// All of them as text.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.registry)?;
        let is_known = self.database_answers.get() == 1;
        if is_known {
            encode_registry(&mut text, &self.database)?;
        }
        if is_known && self.has_published.load(Ordering::Relaxed) {
            encode_registry(&mut text, &self.published)?;
        }
        encode_eof(&mut text)?;
        Ok(text)
    }
}

fn set(family: &Family<StateLabel, Gauge>, counts: &[(String, i64)]) {
    family.clear();
    for (state, count) in counts {
        family.get_or_create(&StateLabel { state: state.clone() }).set(*count);
    }
}
