//! How alerts get out: by POST, and into a command.

use std::process::Stdio;

use anyhow::{Context, bail};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use crate::config;
use crate::output;
use crate::post::{PATIENCE, Receiver};

/// The configured receivers. URL and arguments may hold secrets, and are not logged.
pub(super) struct Hooks {
    receiver: Option<Receiver>,
    command: Vec<String>,
}

impl Hooks {
    pub(super) fn configured(config: &config::Alert) -> anyhow::Result<Self> {
        let receiver = config.target()?.map(|url| Receiver::new(url, None)).transpose()?;
        Ok(Self { receiver, command: config.command.clone() })
    }

    /// Sends a document to every receiver; one that fails is logged and stops nothing.
    pub(super) async fn send(&self, document: String) {
        let by_post = async {
            if let Some(receiver) = &self.receiver {
                log(receiver.host(), receiver.send(&document).await);
            }
        };
        let by_command = async {
            if let Some((program, arguments)) = self.command.split_first() {
                log(program, run(program, arguments, &document).await);
            }
        };
        futures::join!(by_post, by_command);
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
            let error = output::in_a_line(&error);
            tracing::error!(receiver, error, "the alert did not get to {receiver}: {error}");
        }
    }
}
