//! What long work shows meanwhile, on a terminal only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that tells what is being done.
pub(crate) struct Progress {
    bar: ProgressBar,
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
        Self { bar }
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
