//! `daybook`: one binary that closes an online shop's books every day.

mod cli;
mod config;
mod daybook;
mod output;
mod telemetry;

use std::io;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    telemetry::init(cli.verbosity());
    let outcome = tokio::select! {
        outcome = cli.execute() => outcome,
        // the work is dropped where it stands, which loses nothing, and the embedded server stops
        interrupted = interruption() => interrupted.map(|()| cli::Outcome::Interrupted).map_err(Into::into),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(error) => {
            output::error(&error);
            cli::Outcome::Failed.into()
        }
    }
}

/// Waits until somebody asks this process to end.
async fn interruption() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
