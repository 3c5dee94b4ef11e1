//! `daybook`: one binary that closes an online shop's books every day.

mod cli;
mod config;
mod daybook;
mod lineage;
mod model_folder;
mod output;
mod post;
mod serve;
mod signals;
mod status;
mod telemetry;
mod timetable;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// Requests and rows come and go on all threads: the system's allocator would take an eighth of a webhook's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    telemetry::init(cli.verbosity());
    let outcome = match signals::asked_to_end() {
        Ok(asked_to_end) => cli.execute(asked_to_end).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(error) => {
            output::error(&error);
            cli::Outcome::Failed.into()
        }
    }
}
