//! `daybook`: one binary that closes an online shop's books every day.

mod cli;
mod config;
mod daybook;
mod output;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    telemetry::init(cli.verbosity());
    match cli.execute().await {
        Ok(code) => code.into(),
        Err(error) => {
            output::error(&error);
            cli::Outcome::Failed.into()
        }
    }
}
