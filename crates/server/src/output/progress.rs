//! What long work shows meanwhile, on a terminal only.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A line that tells what is being done.
pub(crate) struct Progress {
    bar: ProgressBar,
    counts: Arc<Counts>,
}

/// What was read so far.
#[derive(Default)]
struct Counts {
    bytes: AtomicU64,
    rows: AtomicU64,
    rejected: AtomicU64,
}

impl Progress {
    pub(crate) fn start(title: &'static str, quiet: bool) -> Self {
        // a terminal's line is redrawn; where standard error goes to a file, nothing is drawn at all
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(None, target);
        let counts = Arc::new(Counts::default());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {prefix} {pos} {elapsed} {counts}{wide_msg}")
        {
            let counts = Arc::clone(&counts);
            // asked for whenever the line is drawn, so the rate falls while rows wait for the database
            let written = move |state: &ProgressState, line: &mut dyn Write| {
                // the line is a string, which takes everything
                let _ = counts.write(state.elapsed(), line);
            };
            bar.set_style(style.with_key("counts", written));
        }
        bar.set_prefix(title);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, counts }
    }

    /// Notes that more of a file was read.
    pub(crate) fn read(&self, bytes: u64, rows: u64, rejected: u64) {
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.counts.rows.fetch_add(rows, Ordering::Relaxed);
        self.counts.rejected.fetch_add(rejected, Ordering::Relaxed);
    }

    /// Notes that one more piece of the work is done.
    pub(crate) fn done(&self) {
        self.bar.inc(1);
    }

    /// Notes that one more piece of the work is done, or has begun, and shows what it is.
    pub(crate) fn step(&self, what: &str) {
        self.bar.inc(1);
        self.bar.set_message(what.to_owned());
    }

    pub(crate) fn end(self) {
        self.bar.finish_and_clear();
    }
}

impl Counts {
    fn write(&self, elapsed: Duration, line: &mut dyn Write) -> fmt::Result {
        let bytes = self.bytes.load(Ordering::Relaxed);
        if bytes == 0 {
            return Ok(());
        }
        let (rows, rejected) = (self.rows.load(Ordering::Relaxed), self.rejected.load(Ordering::Relaxed));
        let rate = rows as f64 / elapsed.as_secs_f64().max(0.001);
        write!(
            line,
            "{} rows, {} rows/s, {}, {} rejected",
            HumanCount(rows),
            HumanCount(rate as u64),
            HumanBytes(bytes),
            HumanCount(rejected)
        )
    }
}
