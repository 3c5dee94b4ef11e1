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

use cli::{Cli, Outcome};

/// Requests and rows come and go on all threads: the system's allocator would take an eighth of a webhook's time.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match execute(Cli::parse()).await {
        Ok(outcome) => outcome.into(),
        Err(error) if output::is_enough(&error) => Outcome::Done.into(),
        Err(error) => {
            output::error(&error);
            Outcome::Failed.into()
        }
    }
}

async fn execute(cli: Cli) -> anyhow::Result<Outcome> {
    telemetry::init(cli.verbosity())?;
    cli.execute(signals::asked_to_end()?).await
}
