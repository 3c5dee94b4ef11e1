//! Logs, on standard error.

use std::io::{IsTerminal, stderr};

use anyhow::Context;
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
///
/// # Errors
///
/// When it holds none.
pub(crate) fn init(verbosity: Verbosity) -> anyhow::Result<()> {
    let default = match verbosity {
        Verbosity::Quiet => "error",
        Verbosity::Normal => "warn",
        // all of Daybook's crates begin so; what sqlx warns of is told as an error, or happened to dropped work
        Verbosity::Service => "warn,daybook=info,sqlx=error",
        Verbosity::Verbose => "warn,daybook=debug",
    };
    let mut logs = tracing_subscriber::fmt().with_env_filter(filter(default)?).with_writer(stderr);
    if !stderr().is_terminal() {
        logs = logs.with_ansi(false);
    }
    logs.init();
    Ok(())
}

fn filter(default: &str) -> anyhow::Result<EnvFilter> {
    let Some(text) = std::env::var_os("DAYBOOK_LOG") else { return Ok(EnvFilter::new(default)) };
    let text = text.to_string_lossy();
    EnvFilter::try_new(&text).with_context(|| {
        format!("DAYBOOK_LOG = \"{text}\" does not say what to log: write debug, or warn,daybook_ods=debug")
    })
}
