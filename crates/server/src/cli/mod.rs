//! The command line.

mod closing;
mod demo;
mod doctor;
mod explain;
mod init;
mod load;
mod models;
mod plan;
mod query;
mod reconcile;
mod rejects;
mod run;
mod runs;
mod status;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime};
use clap::{Parser, Subcommand};
use daybook_model::{Clock, TimeError};
use futures::FutureExt;

use crate::config::Config;
use crate::daybook::Daybook;
use crate::lineage;
use crate::output::Format;
use crate::serve;
use crate::telemetry::Verbosity;

/// Turns an online shop's operational records into closed, provable, queryable books, every day.
///
/// Without any configuration, everything lives in ./.daybook: a private PostgreSQL that starts and stops by
/// itself, and a warehouse of Delta tables. `daybook demo` shows the whole way with a generated shop.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but some batches were refused, 130 interrupted.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Cli {
    /// The configuration file [default: daybook.toml, if it exists]
    #[arg(long, global = true, env = "DAYBOOK_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Work as if it were this time (UTC), such as 2011-12-10T02:00:00Z
    #[arg(long, global = true, env = "DAYBOOK_NOW", value_name = "TIME", value_parser = instant)]
    now: Option<NaiveDateTime>,

    /// The form of the answer
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,

    /// Tell more of what is done
    #[arg(short, long, global = true)]
    verbose: bool,

    /// Tell only answers and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create or migrate the operational data store and the warehouse; safe to repeat
    Init,
    /// Look whether all that is configured can be reached and used, and say what is missing and what to do
    ///
    /// For a warehouse in Snowflake it prints the SQL and the policies of AWS by which an administrator adds what is
    /// missing. What it writes to see whether it can, it takes away again. Ends with exit code 1 when something is missing.
    Doctor,
    /// Load batches and event files into the operational data store
    Load(load::LoadArgs),
    /// Find rejected rows, export them, and replay them once they are corrected
    ///
    /// `rejects export --to fix` writes fix/orders.csv and so on, where beside each row stands what is wrong with it.
    /// Correct the contract's columns in any editor or spreadsheet, take out the rows that shall stay rejected or have
    /// come right meanwhile, and `rejects replay fix` loads the others.
    Rejects(rejects::RejectsArgs),
    /// Close days: every day that is due and not closed, or the days asked for
    Run(run::RunArgs),
    /// Say what `daybook run` would build now, and why; changes nothing
    Plan(closing::DaysArgs),
    /// Follow every row from the files to the marts, and say where the numbers differ
    Reconcile(reconcile::ReconcileArgs),
    /// Show what became of earlier closes, step by step
    Runs(runs::RunsArgs),
    /// Work until told to end: answer HTTP, load what comes to the landing place, close days by schedule
    ///
    /// Listens where `[http] listen` says; /docs there shows all that can be asked, with a token of `daybook token`.
    /// Looks for new batches and event files every `[landing] poll_seconds` seconds, and logs on standard error what
    /// comes of them. With `[schedule] enabled` it closes each day at its time, and at once what was missed. A database or
    /// object store that is away is waited for. SIGTERM or SIGINT ends it with exit code 0; a batch that is being
    /// loaded and a close that is under way at that moment are dropped, and begun again by the next process.
    Serve(serve::ServeArgs),
    /// Make, list and revoke the tokens of those who may use the HTTP server
    Token(token::TokenArgs),
    /// Check, list, show, test and build models, the shipped ones and your own
    Models(models::ModelsArgs),
    /// Ask the published warehouse in SQL
    Query(query::QueryArgs),
    /// Say how much of the warehouse a query reads
    Explain(explain::ExplainArgs),
    /// Show what is loaded, closed and due, and what was rejected or waits
    Status,
    /// Generate a shop, run it day by day through a fresh Daybook, and report
    Demo(demo::DemoArgs),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Failed,
    SomeRefused,
    Interrupted,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Failed => Self::from(1),
            Outcome::SomeRefused => Self::from(3),
            Outcome::Interrupted => Self::from(130),
        }
    }
}

/// What every command is told.
#[derive(Clone, Copy, Debug)]
struct Reporting {
    format: Format,
    quiet: bool,
}

/// How long the last lineage events may take to get through.
const WHEN_DONE: Duration = Duration::from_secs(30);
const WHEN_ENDING: Duration = Duration::from_secs(3);

impl Cli {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) if matches!(self.command, Command::Serve(_)) => Verbosity::Service,
            (false, false) => Verbosity::Normal,
        }
    }

    /// Executes the command, until it is done or somebody asks to end.
    pub(crate) async fn execute(self, asked_to_end: impl Future<Output = ()>) -> anyhow::Result<Outcome> {
        let config = Config::read(self.config.as_deref())?;
        let reporting = Reporting { format: self.format, quiet: self.quiet };
        let clock = self.now.map_or_else(Clock::default, Clock::fixed);
        let daybook = Daybook::new(config, clock);
        let work = match &self.command {
            Command::Serve(args) => {
                let served = serve::serve(daybook, args, asked_to_end).await;
                lineage::deliver_rest(WHEN_ENDING).await;
                return served.map(|()| Outcome::Done);
            }
            Command::Doctor => doctor::execute(&daybook, reporting).boxed_local(),
            Command::Init => init::execute(&daybook, reporting).boxed_local(),
            Command::Load(args) => load::execute(&daybook, args, reporting).boxed_local(),
            Command::Rejects(args) => rejects::execute(&daybook, args, reporting).boxed_local(),
            Command::Run(args) => run::execute(&daybook, args, reporting).boxed_local(),
            Command::Plan(args) => plan::execute(&daybook, args, reporting).boxed_local(),
            Command::Reconcile(args) => reconcile::execute(&daybook, args, reporting).boxed_local(),
            Command::Runs(args) => runs::execute(&daybook, args, reporting).boxed_local(),
            Command::Explain(args) => explain::execute(&daybook, args, reporting).boxed_local(),
            Command::Query(args) => query::execute(&daybook, args, reporting).boxed_local(),
            Command::Models(args) => models::execute(&daybook, args, reporting).boxed_local(),
            Command::Token(args) => token::execute(&daybook, args, reporting).boxed_local(),
            Command::Status => status::execute(&daybook, reporting).boxed_local(),
            Command::Demo(args) => demo::execute(daybook.config.clone(), args, reporting).boxed_local(),
        };
        let (outcome, patience) = tokio::select! {
            outcome = work => (outcome, WHEN_DONE),
            // the work is dropped where it stands, which loses nothing, and the embedded server stops
            () = asked_to_end => (Ok(Outcome::Interrupted), WHEN_ENDING),
        };
        lineage::deliver_rest(patience).await;
        outcome
    }
}

/// A time as people write it: with offset, or without one as UTC.
fn instant(text: &str) -> Result<NaiveDateTime, TimeError> {
    let with_offset = DateTime::parse_from_rfc3339(text).map(|instant| instant.naive_utc());
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    with_offset
        .ok()
        .or_else(|| formats.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok()))
        .ok_or_else(|| TimeError::Instant(text.to_owned()))
}
