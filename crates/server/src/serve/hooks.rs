//! How alerts get out: by POST, and into a command.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use backon::{ExponentialBuilder, Retryable};
use reqwest::Client;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use crate::config;

/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The configured receivers. URL and arguments may hold secrets, and are not logged.
pub(super) struct Hooks {
    client: Client,
    url: Option<Url>,
    command: Vec<String>,
}

impl Hooks {
    pub(super) fn configured(config: &config::Alert) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .user_agent(concat!("daybook/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("[alert] url needs an HTTP client")?;
        Ok(Self { client, url: config.target()?, command: config.command.clone() })
    }

    /// Sends a document to every receiver; one that fails is logged and stops nothing.
    pub(super) async fn send(&self, document: String) {
        let by_post = async {
            if let Some(url) = &self.url {
                let post = || async { self.post(url, &document).await };
                let attempts = ExponentialBuilder::default().with_jitter().with_max_times(3);
                log(url.host_str().unwrap_or_default(), post.retry(attempts).await);
            }
        };
        let by_command = async {
            if let Some((program, arguments)) = self.command.split_first() {
                log(program, run(program, arguments, &document).await);
            }
        };
        futures::join!(by_post, by_command);
    }

    async fn post(&self, url: &Url, document: &str) -> anyhow::Result<()> {
        let request = self.client.post(url.clone()).header("content-type", "application/json");
        let answer = request.body(document.to_owned()).send().await;
        answer.and_then(reqwest::Response::error_for_status).map_err(reqwest::Error::without_url)?;
        Ok(())
    }
}

async fn run(program: &str, arguments: &[String], document: &str) -> anyhow::Result<()> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        // also when the process is told to end meanwhile
        .kill_on_drop(true)
        .spawn()
        .context("cannot be started")?;
    let input = child.stdin.take();
    let ended = timeout(PATIENCE, async {
        if let Some(mut input) = input {
            // a command need not read what it is told
            let _ = input.write_all(format!("{document}\n").as_bytes()).await;
        }
        child.wait().await
    });
    match ended.await {
        Ok(status) => match status? {
            status if status.success() => Ok(()),
            status => bail!("ended with {status}"),
        },
        Err(_) => bail!("was ended, for it took longer than {} s", PATIENCE.as_secs()),
    }
}

fn log(receiver: &str, sent: anyhow::Result<()>) {
    match sent {
        Ok(()) => tracing::info!(receiver, "sent an alert to {receiver}"),
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(receiver, error, "the alert did not get to {receiver}: {error}");
        }
    }
}
