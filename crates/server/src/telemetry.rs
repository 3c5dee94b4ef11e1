//! Logs, on standard error.

use tracing_subscriber::EnvFilter;

/// How much Daybook tells while it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

/// Starts logging; `DAYBOOK_LOG` holds a filter such as `daybook_ods=debug`.
pub(crate) fn init(verbosity: Verbosity) {
    let default = match verbosity {
        Verbosity::Quiet => "error",
        Verbosity::Normal => "warn",
        Verbosity::Verbose => {
            "warn,daybook=debug,daybook_ods=debug,daybook_pipeline=debug,daybook_warehouse=debug"
        }
    };
    let filter = EnvFilter::try_from_env("DAYBOOK_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
