//! What long work shows meanwhile, on a terminal only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that tells what is being done.
pub(crate) struct Progress {
    bar: ProgressBar,
    started: Instant,
    bytes: AtomicU64,
    rows: AtomicU64,
    rejected: AtomicU64,
}

impl Progress {
    pub(crate) fn start(title: &'static str, quiet: bool) -> Self {
        // a terminal's line is redrawn; where standard error goes to a file, nothing is drawn at all
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {pos} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(title);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self {
            bar,
            started: Instant::now(),
            bytes: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }
    }

    /// Notes that more of a file was read.
    pub(crate) fn read(&self, bytes: u64, rows: u64, rejected: u64) {
        let sum = |total: &AtomicU64, more| total.fetch_add(more, Ordering::Relaxed) + more;
        let (bytes, rows) = (sum(&self.bytes, bytes), sum(&self.rows, rows));
        let rejected = sum(&self.rejected, rejected);
        let rate = rows as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!(
            "{} rows, {} rows/s, {}, {} rejected",
            HumanCount(rows),
            HumanCount(rate as u64),
            HumanBytes(bytes),
            HumanCount(rejected)
        ));
    }

    /// Notes that one more piece of the work is done.
    pub(crate) fn step(&self, what: &str) {
        self.bar.inc(1);
        self.bar.set_message(what.to_owned());
    }

    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}
