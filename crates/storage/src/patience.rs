//! How long to wait for a store, and how often to ask again.

use std::time::Duration;

use object_store::{BackoffConfig, RetryConfig};

/// `RetryConfig`'s time limit counts from the first request of a download to its last byte, so a download that is
/// simply long would not resume any more. The number of retries is the limit instead.
const NO_TIME_LIMIT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long to wait for a store, and how often to ask again. A test may be less patient.
///
/// By default a server that refuses connections is given up within about a minute, one that accepts requests and
/// never answers after about six.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection to be made.
    pub connect: Duration,
    /// For the next sign of life: an answer's beginning or the next piece of its body. A slow download that makes
    /// progress may take as long as it takes.
    pub silence: Duration,
    /// Before the first retry; each following wait is up to twice the one before.
    pub first_wait: Duration,
    /// At most before a retry.
    pub longest_wait: Duration,
    /// How often one request, or one download, is tried again.
    pub retries: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(30),
            first_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(15),
            retries: 10,
        }
    }
}

impl Patience {
    pub(crate) fn retry_config(&self) -> RetryConfig {
        RetryConfig {
            backoff: BackoffConfig {
                init_backoff: self.first_wait,
                max_backoff: self.longest_wait,
                base: 2.0,
            },
            max_retries: self.retries,
            retry_timeout: NO_TIME_LIMIT,
        }
    }
}
