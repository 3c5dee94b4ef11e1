//! Logs, on standard error.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;

/// How much Daybook tells while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    /// What a long-running process tells of its work.
    Service,
    Verbose,
}

/// Starts logging; `DAYBOOK_LOG` holds a filter such as `daybook_ods=debug`.
pub(crate) fn init(verbosity: Verbosity) {
    let default = match verbosity {
        Verbosity::Quiet => "error",
        Verbosity::Normal => "warn",
        // all of Daybook's crates begin so; what sqlx warns of is told as an error, or happened to dropped work
        Verbosity::Service => "warn,daybook=info,sqlx=error",
        Verbosity::Verbose => "warn,daybook=debug",
    };
    let filter = EnvFilter::try_from_env("DAYBOOK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let mut logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    if !stderr().is_terminal() {
        logs = logs.with_ansi(false);
    }
    logs.init();
}
