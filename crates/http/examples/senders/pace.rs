//! When which request is due.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Gives out requests to whoever is free.
pub(crate) struct Pace {
    started: Instant,
    lasts: Duration,
    rate: Option<f64>,
    next: AtomicU32,
    stop: CancellationToken,
}

/// A request that is due.
pub(crate) struct Turn {
    pub(crate) number: u32,
    /// At a fixed rate, when it should have been sent: if all clients are busy then, the wait for one counts. Waiting
    /// for this moment takes up to a millisecond too long, which counts as well.
    pub(crate) due: Instant,
}

impl Pace {
    pub(crate) fn start(rate: Option<f64>, lasts: Duration, stop: CancellationToken) -> Self {
        Self { started: Instant::now(), lasts, rate, next: AtomicU32::new(0), stop }
    }

    /// The next request, once it is due; none when it is over.
    pub(crate) async fn next(&self) -> Option<Turn> {
        if self.is_over() {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Some(rate) = self.rate else { return Some(Turn { number, due: Instant::now() }) };
        let after = Duration::from_secs_f64(f64::from(number) / rate);
        if after >= self.lasts {
            return None;
        }
        let due = self.started + after;
        self.stop.run_until_cancelled(sleep_until(due)).await?;
        Some(Turn { number, due })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.elapsed() >= self.lasts || self.stop.is_cancelled()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
