//! Documents that other programs get by POST.

use std::time::Duration;

use anyhow::Context;
use backon::{ExponentialBuilder, Retryable};
use reqwest::Client;
use url::Url;

/// How long a receiver may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Who gets JSON documents. URL and key may hold secrets, and are not logged.
pub(crate) struct Receiver {
    client: Client,
    url: Url,
    api_key: Option<String>,
}

impl Receiver {
    pub(crate) fn new(url: Url, api_key: Option<String>) -> anyhow::Result<Self> {
        let client = Client::builder()
            .timeout(PATIENCE)
            .user_agent(concat!("daybook/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("there is no HTTP client")?;
        Ok(Self { client, url, api_key })
    }

    /// What it may be called in a log.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Sends a document, and tries again three times.
    pub(crate) async fn send(&self, document: &str) -> anyhow::Result<()> {
        let attempts = ExponentialBuilder::default().with_jitter().with_max_times(3);
        let post = || async {
            let mut request = self.client.post(self.url.clone()).header("content-type", "application/json");
            if let Some(key) = &self.api_key {
                request = request.bearer_auth(key);
            }
            let answer = request.body(document.to_owned()).send().await;
            answer.and_then(reqwest::Response::error_for_status).map_err(reqwest::Error::without_url)
        };
        post.retry(attempts).await?;
        Ok(())
    }
}
