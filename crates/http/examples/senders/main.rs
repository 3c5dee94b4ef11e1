//! Sends requests from many clients at once and says how they were answered: signed webhooks, or questions with a
//! token. The benchmarks measure the server with it.
//!
//! It shares the machine with what it measures, so it does as little as it can: one thread, connections that stay open,
//! and of an answer only what tells where it ends.

#![allow(clippy::print_stdout, reason = "its report")]

mod connection;
mod pace;
mod requests;
mod tally;

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use connection::Connection;
use pace::Pace;
use requests::{Questions, Requests, Webhooks};
use tally::Tally;

/// How long to wait before connecting again, where nobody listens.
const RETRY: Duration = Duration::from_millis(5);

/// How long a client that was refused leaves the server alone; a real sender does so for longer.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends requests from many clients at once and says how they were answered
#[derive(Parser)]
struct Arguments {
    /// Where the server listens
    address: SocketAddr,
    /// How many requests may be under way at once, each on its own connection
    #[arg(long, default_value_t = 64)]
    clients: u32,
    /// For how long; SIGTERM ends it earlier
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Requests a second, at even distances; without it, every client sends as soon as it has its answer
    #[arg(long)]
    rate: Option<f64>,
    /// Note the numbers of the requests that succeeded in this file, one a line
    #[arg(long)]
    acknowledged: Option<PathBuf>,
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    /// Send payment events by the Standard Webhooks specification, each with another transaction
    Webhooks {
        /// What to sign with: whsec_…
        #[arg(long)]
        secret: String,
        /// The transaction's id of the first event; request N has this plus N
        #[arg(long)]
        first_id: u64,
    },
    /// Ask for paths, one after the other, again and again
    Get {
        #[arg(long)]
        token: String,
        /// A file with one path a line
        #[arg(long)]
        paths: PathBuf,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let requests = Arc::new(requests(&arguments)?);
    let stop = CancellationToken::new();
    let pace =
        Arc::new(Pace::start(arguments.rate, Duration::from_secs_f64(arguments.seconds), stop.clone()));
    let mut clients = JoinSet::new();
    for _ in 0..arguments.clients {
        clients.spawn(send(arguments.address, Arc::clone(&requests), Arc::clone(&pace)));
    }
    let mut told = signal(SignalKind::terminate())?;
    let mut tally = Tally::default();
    loop {
        tokio::select! {
            _ = told.recv() => stop.cancel(),
            ended = clients.join_next() => match ended {
                Some(own) => tally.add(own?),
                None => break,
            },
        }
    }
    if let Some(file) = &arguments.acknowledged {
        note(file, &tally.acknowledged).with_context(|| format!("cannot write {}", file.display()))?;
    }
    println!("{}", tally.report(pace.elapsed()));
    Ok(())
}

fn requests(arguments: &Arguments) -> anyhow::Result<Requests> {
    match &arguments.kind {
        Kind::Webhooks { secret, first_id } => {
            Ok(Requests::Webhooks(Webhooks::new(arguments.address, secret, *first_id)?))
        }
        Kind::Get { token, paths } => {
            let paths =
                fs::read_to_string(paths).with_context(|| format!("cannot read {}", paths.display()))?;
            Ok(Requests::Questions(Questions::new(arguments.address, token, &paths)?))
        }
    }
}

/// One client: a request at a time, until it is over.
async fn send(address: SocketAddr, requests: Arc<Requests>, pace: Arc<Pace>) -> Tally {
    let (mut tally, mut request) = (Tally::default(), Vec::new());
    while !pace.is_over() {
        let Ok(mut connection) = Connection::open(address).await else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        while let Some(turn) = pace.next().await {
            requests.write(turn.number, &mut request);
            match connection.exchange(&request).await {
                Ok(status) => {
                    tally.answered(turn.number, status, turn.due.elapsed());
                    if status >= 400 {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                Err(_) => {
                    tally.broken += 1;
                    break;
                }
            }
        }
    }
    tally
}

fn note(file: &Path, numbers: &[u32]) -> anyhow::Result<()> {
    let mut file = std::io::BufWriter::new(fs::File::create(file)?);
    for number in numbers {
        writeln!(file, "{number}")?;
    }
    Ok(file.flush()?)
}
