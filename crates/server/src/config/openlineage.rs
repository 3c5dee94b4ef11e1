//! Who is told what a close reads and writes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::http_url;

/// Where OpenLineage events go; to a file, by POST, to both, or nowhere. The key is never shown.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenLineage {
    /// Gets each event as a line at its end.
    pub(crate) file: Option<PathBuf>,
    /// Gets each event by POST, such as `https://marquez.example.com/api/v1/lineage`.
    pub(crate) url: Option<String>,
    /// What the receiver knows Daybook by; sent as a bearer token.
    pub(crate) api_key: Option<String>,
    /// The namespace of jobs.
    pub(crate) namespace: String,
}

impl std::fmt::Debug for OpenLineage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenLineage").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

impl Default for OpenLineage {
    fn default() -> Self {
        Self { file: None, url: None, api_key: None, namespace: "daybook".to_owned() }
    }
}

impl OpenLineage {
    /// Where to POST, if that is configured.
    pub(crate) fn target(&self) -> anyhow::Result<Option<Url>> {
        self.url.as_deref().map(|url| http_url("[openlineage] url", url)).transpose()
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.namespace.is_empty() {
            anyhow::bail!("[openlineage] namespace is empty: name the shop, or leave it out");
        }
        if self.api_key.is_some() && self.url.is_none() {
            anyhow::bail!("[openlineage] api_key is for a url, and there is none");
        }
        self.target().map(drop)
    }
}
