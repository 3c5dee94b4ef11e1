//! How the server is set up.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use url::Url;

use crate::server::HttpError;
use crate::signature::Verifier;

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What it proves who it is with; plain HTTP without.
    pub tls: Option<Tls>,
    /// Whether everybody may do everything without a token; [`crate::HttpServer::bind`] allows it on loopback only.
    pub insecure_no_auth: bool,
    /// Whose webhooks are believed.
    pub webhooks: WebhookSecrets,
    /// How old or new a webhook's timestamp may be.
    pub webhook_tolerance: TimeDelta,
    /// Only what lies below may be loaded on request.
    pub landing: Url,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// How long a request's body may take to arrive, and how long the work on it until its answer.
    pub timeout: Duration,
    /// How many requests are worked on at once; more are told to come again.
    pub max_concurrent: usize,
    /// How many requests one address may send in a second; 0 for any number.
    pub max_requests_per_second: u32,
}

/// A certificate with its key, as PEM files.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The secrets that senders sign with; of several each is good, so that they can be rotated.
#[derive(Clone, Default)]
pub struct WebhookSecrets {
    /// Standard Webhooks: `whsec_` and base64.
    pub standard: Vec<String>,
    /// Shopify's client secrets.
    pub shopify: Vec<String>,
}

impl WebhookSecrets {
    /// Whether all of them can be used.
    ///
    /// # Errors
    ///
    /// [`HttpError::Secret`], which does not show them.
    pub fn check(&self) -> Result<(), HttpError> {
        Verifier::new(self, TimeDelta::zero()).map(drop)
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { standard, shopify } = self;
        write!(f, "WebhookSecrets({} standard, {} shopify)", standard.len(), shopify.len())
    }
}
