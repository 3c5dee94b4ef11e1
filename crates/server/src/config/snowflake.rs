//! A warehouse in Snowflake.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use daybook_snowflake_api::{
    Account, ClientOptions, Credentials, Patience, PrivateKey, SecretString, Session,
};
use daybook_warehouse::snowflake::SnowflakeSettings;
use serde::{Deserialize, Serialize};

use super::http_url;

/// The account, who logs in, and where the books go. Passphrase and token are never shown.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snowflake {
    pub(crate) account: Option<String>,
    pub(crate) user: Option<String>,
    /// A file: PKCS#8 in PEM.
    pub(crate) private_key: Option<PathBuf>,
    pub(crate) private_key_passphrase: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) token_kind: TokenKind,
    pub(crate) role: Option<String>,
    pub(crate) warehouse: Option<String>,
    pub(crate) database: Option<String>,
    pub(crate) schema: String,
    pub(crate) storage_integration: Option<String>,
    /// Whether Snowflake keeps rows together by itself, for credits.
    pub(crate) clustering: bool,
    pub(crate) statement_timeout_seconds: u64,
    /// Seconds that the statements of one run may take together; 0 for any number.
    pub(crate) budget_seconds: u64,
    /// Another address than the account's: a proxy's.
    pub(crate) endpoint: Option<String>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenKind {
    ProgrammaticAccessToken,
    #[serde(rename = "oauth")]
    OAuth,
}

impl Default for Snowflake {
    fn default() -> Self {
        Self {
            account: None,
            user: None,
            private_key: None,
            private_key_passphrase: None,
            token: None,
            token_kind: TokenKind::ProgrammaticAccessToken,
            role: None,
            warehouse: None,
            database: None,
            schema: "DAYBOOK".to_owned(),
            storage_integration: None,
            clustering: false,
            statement_timeout_seconds: 3600,
            budget_seconds: 0,
            endpoint: None,
        }
    }
}

impl fmt::Debug for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snowflake")
            .field("account", &self.account)
            .field("user", &self.user)
            .field("role", &self.role)
            .field("warehouse", &self.warehouse)
            .field("database", &self.database)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl Snowflake {
    /// What the back end is told. Reads the private key.
    pub(crate) fn settings(&self) -> anyhow::Result<SnowflakeSettings> {
        let account = needed("account", self.account.as_deref())?;
        let account: Account = account.parse().context("[snowflake] account")?;
        let session =
            Session { role: self.role.clone(), warehouse: self.warehouse.clone(), ..Session::default() };
        let endpoint =
            self.endpoint.as_deref().map(|url| http_url("[snowflake] endpoint", url)).transpose()?;
        if self.statement_timeout_seconds == 0 {
            bail!("[snowflake] statement_timeout_seconds is 0: no statement would ever end in time");
        }
        let patience = Patience {
            statement: Duration::from_secs(self.statement_timeout_seconds),
            ..Patience::default()
        };
        let credentials = self.credentials()?;
        Ok(SnowflakeSettings {
            client: ClientOptions { session, endpoint, patience, ..ClientOptions::new(account, credentials) },
            database: needed("database", self.database.as_deref())?.to_owned(),
            schema: self.schema.clone(),
            storage_integration: needed("storage_integration", self.storage_integration.as_deref())?
                .to_owned(),
            clustering: self.clustering,
            budget: Some(self.budget_seconds).filter(|seconds| *seconds > 0).map(Duration::from_secs),
        })
    }

    fn credentials(&self) -> anyhow::Result<Credentials> {
        match (&self.private_key, &self.token) {
            (Some(_), Some(_)) => bail!("[snowflake] has both private_key and token: one of them logs in"),
            (None, None) => bail!("[snowflake] needs private_key, a file, or token to log in"),
            (None, Some(token)) => {
                let token = SecretString::from(token.clone());
                Ok(match self.token_kind {
                    TokenKind::ProgrammaticAccessToken => Credentials::ProgrammaticAccessToken(token),
                    TokenKind::OAuth => Credentials::OAuth(token),
                })
            }
            (Some(file), None) => {
                let pem = std::fs::read_to_string(file)
                    .with_context(|| format!("[snowflake] private_key {} cannot be read", file.display()))?;
                let passphrase = self.private_key_passphrase.clone().map(SecretString::from);
                let key =
                    PrivateKey::from_pem(&pem, passphrase.as_ref()).context("[snowflake] private_key")?;
                let user = needed("user", self.user.as_deref())?.to_owned();
                Ok(Credentials::KeyPair { user, key })
            }
        }
    }
}

fn needed<'a>(key: &str, value: Option<&'a str>) -> anyhow::Result<&'a str> {
    value.with_context(|| {
        format!("[snowflake] {key} is not set, and [warehouse] backend = \"snowflake\" needs it: see docs/snowflake.md")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let secret = Snowflake {
            token: Some("hush".to_owned()),
            private_key_passphrase: Some("hush".to_owned()),
            ..Snowflake::default()
        };
        assert!(!format!("{secret:?}").contains("hush"));
    }
}
