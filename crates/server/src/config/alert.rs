//! Who is told when the schedule fails.

use anyhow::bail;
use serde::{Deserialize, Serialize};
use url::Url;

use super::http_url;

/// Where alerts go; any of them, or none. Both may hold secrets, and are never shown.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alert {
    /// Gets each alert by POST.
    pub(crate) url: Option<String>,
    /// A program and its arguments, which gets each alert on its standard input; empty for none.
    pub(crate) command: Vec<String>,
}

impl std::fmt::Debug for Alert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alert").finish_non_exhaustive()
    }
}

impl Alert {
    /// Where to POST, if that is configured.
    pub(crate) fn target(&self) -> anyhow::Result<Option<Url>> {
        self.url.as_deref().map(|url| http_url("[alert] url", url)).transpose()
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        self.target()?;
        if self.command.first().is_some_and(String::is_empty) {
            bail!("[alert] command names no program: its first word is empty");
        }
        Ok(())
    }
}
