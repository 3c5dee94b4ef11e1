//! How long to wait for Snowflake, and how often to ask again.

use std::time::Duration;

use backon::ExponentialBuilder;

/// How long to wait for Snowflake, and how often to ask again. A test may be less patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection to be made.
    pub connect: Duration,
    /// For the next sign of life of a request. Snowflake may hold one for 45 seconds before it answers.
    pub silence: Duration,
    /// Before the first retry; each following wait is twice the one before, and somewhat at random.
    pub first_wait: Duration,
    /// At most before a retry, unless Snowflake itself asks for more.
    pub longest_wait: Duration,
    /// How often one request is tried again.
    pub retries: usize,
    /// Before a statement is first asked about; each following wait is half as long again.
    pub first_poll: Duration,
    /// At most between two questions.
    pub longest_poll: Duration,
    /// For a statement that doesn't say how long it may take. Snowflake is told, and cancels it then.
    pub statement: Duration,
    /// After that, for Snowflake to say so; then the client cancels it.
    pub grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(90),
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(30),
            retries: 8,
            first_poll: Duration::from_millis(50),
            longest_poll: Duration::from_secs(5),
            statement: Duration::from_secs(3600),
            grace: Duration::from_secs(30),
        }
    }
}

impl Patience {
    pub(crate) fn between_retries(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.retries)
            .with_jitter()
    }

    pub(crate) fn between_polls(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.first_poll)
            .with_max_delay(self.longest_poll)
            .with_factor(1.5)
            .without_max_times()
    }
}
