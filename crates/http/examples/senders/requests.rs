//! What is sent.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Writes requests by number.
pub(crate) enum Requests {
    Webhooks(Webhooks),
    Questions(Questions),
}

impl Requests {
    /// Replaces what is in `request`.
    pub(crate) fn write(&self, number: u32, request: &mut Vec<u8>) {
        request.clear();
        let written = match self {
            Self::Webhooks(webhooks) => webhooks.write(number, request),
            Self::Questions(questions) => questions.write(number, request),
        };
        debug_assert!(written.is_ok(), "a Vec takes whatever is written");
    }
}

/// Signed payment events.
pub(crate) struct Webhooks {
    address: SocketAddr,
    key: Hmac<Sha256>,
    first_id: u64,
}

impl Webhooks {
    pub(crate) fn new(address: SocketAddr, secret: &str, first_id: u64) -> anyhow::Result<Self> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret))?;
        Ok(Self { address, key: Hmac::new_from_slice(&key)?, first_id })
    }

    fn write(&self, number: u32, request: &mut Vec<u8>) -> anyhow::Result<()> {
        let id = self.first_id + u64::from(number);
        let now: DateTime<Utc> = Utc::now();
        let body = format!(
            r#"{{"id":"{id}","order_id":"{}","status":"success","created_at":"{}"}}"#,
            id + 1_000_000_000_000,
            now.format("%Y-%m-%dT%H:%M:%S%.6fZ")
        );
        let (message, timestamp) = (format!("msg_{id}"), now.timestamp());
        let signed = self.key.clone().chain_update(format!("{message}.{timestamp}.{body}"));
        let signature = STANDARD.encode(signed.finalize().into_bytes());
        write!(
            request,
            "POST /v1/webhooks/transactions HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nwebhook-id: {message}\r\nwebhook-timestamp: {timestamp}\r\n\
             webhook-signature: v1,{signature}\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        Ok(())
    }
}

/// Paths with a token.
pub(crate) struct Questions {
    address: SocketAddr,
    token: String,
    paths: Vec<String>,
}

impl Questions {
    pub(crate) fn new(address: SocketAddr, token: &str, paths: &str) -> anyhow::Result<Self> {
        let paths: Vec<String> = paths.lines().map(str::to_owned).collect();
        ensure!(!paths.is_empty(), "there are no paths to ask for");
        Ok(Self { address, token: token.to_owned(), paths })
    }

    fn write(&self, number: u32, request: &mut Vec<u8>) -> anyhow::Result<()> {
        let path = &self.paths[number as usize % self.paths.len()];
        let (address, token) = (self.address, &self.token);
        write!(request, "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n")?;
        Ok(())
    }
}
