//! What keeps a place from being opened.

use url::Url;

/// A place that cannot be opened, or not be looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url} cannot be used: {problem}")]
pub struct StorageError {
    /// The URL as given, but without a password.
    pub url: String,
    /// What is wrong with it, and what to write instead.
    pub problem: String,
}

impl StorageError {
    pub(crate) fn new(url: &Url, problem: impl Into<String>) -> Self {
        Self { url: without_password(url), problem: problem.into() }
    }
}

fn without_password(url: &Url) -> String {
    let mut shown = url.clone();
    // These fail for URLs that cannot hold credentials; such a URL is shown as it is.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    shown.to_string()
}
