//! The HTTP server of `daybook serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, bail};
use daybook_http::Tls;
use serde::{Deserialize, Serialize};

/// The HTTP server of `daybook serve`; none unless it is told where to listen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) listen: Option<String>,
    pub(crate) tls_certificate: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) max_body_bytes: usize,
    pub(crate) timeout_seconds: u32,
    pub(crate) max_concurrent_requests: usize,
    /// From one address; 0 for any number.
    pub(crate) max_requests_per_second: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: None,
            tls_certificate: None,
            tls_key: None,
            max_body_bytes: 1024 * 1024,
            timeout_seconds: 30,
            max_concurrent_requests: 1024,
            max_requests_per_second: 0,
        }
    }
}

impl Http {
    /// Where to listen, if that is configured.
    pub(crate) fn address(&self) -> anyhow::Result<Option<SocketAddr>> {
        let Some(listen) = &self.listen else { return Ok(None) };
        let problem = || {
            format!(
                "[http] listen = \"{listen}\" (DAYBOOK_HTTP_LISTEN) is not an address such as 127.0.0.1:8080"
            )
        };
        listen.parse::<SocketAddr>().with_context(problem).map(Some)
    }

    /// What the server proves who it is with, if that is configured.
    pub(crate) fn tls(&self) -> anyhow::Result<Option<Tls>> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                Ok(Some(Tls { certificate: certificate.clone(), key: key.clone() }))
            }
            (None, None) => Ok(None),
            _ => bail!(
                "[http] needs both tls_certificate (DAYBOOK_HTTP_TLS_CERTIFICATE) and tls_key \
                 (DAYBOOK_HTTP_TLS_KEY), or neither"
            ),
        }
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.address()?;
        self.tls()?;
        let limits = [
            ("max_body_bytes", self.max_body_bytes == 0),
            ("timeout_seconds", self.timeout_seconds == 0),
            ("max_concurrent_requests", self.max_concurrent_requests == 0),
        ];
        for (key, is_zero) in limits {
            if is_zero {
                let variable = key.to_ascii_uppercase();
                bail!(
                    "[http] {key} (DAYBOOK_HTTP_{variable}) is 0, which refuses every request: allow more, or leave it out"
                );
            }
        }
        Ok(())
    }
}
