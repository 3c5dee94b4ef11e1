//! Whose webhooks `daybook serve` believes.

use anyhow::bail;
use daybook_http::WebhookSecrets;
use serde::{Deserialize, Serialize};

use super::secrets;

/// Whose webhooks are believed. The secrets are never shown.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhooks {
    /// Standard Webhooks' `whsec_…`; several, to rotate them.
    #[serde(deserialize_with = "secrets::one_or_many")]
    pub(crate) secrets: Vec<String>,
    /// Shopify's client secrets.
    #[serde(deserialize_with = "secrets::one_or_many")]
    pub(crate) shopify_secrets: Vec<String>,
    /// How far a webhook's time may be from the clock.
    pub(crate) tolerance_seconds: u32,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhooks").field("tolerance_seconds", &self.tolerance_seconds).finish_non_exhaustive()
    }
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { secrets: Vec::new(), shopify_secrets: Vec::new(), tolerance_seconds: 300 }
    }
}

impl Webhooks {
    /// The secrets as the server takes them.
    pub(crate) fn known(&self) -> WebhookSecrets {
        WebhookSecrets { standard: self.secrets.clone(), shopify: self.shopify_secrets.clone() }
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.tolerance_seconds == 0 {
            bail!(
                "[webhooks] tolerance_seconds (DAYBOOK_WEBHOOKS_TOLERANCE_SECONDS) is 0, which refuses webhooks that are a \
                 second on their way: allow more, or leave it out"
            );
        }
        Ok(self.known().check()?)
    }
}
