//! Bearer tokens for the HTTP server, of which only hashes are kept.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDateTime;
use rand::TryRngCore;
use sha2::{Digest, Sha256};

use crate::{Ods, OdsError};

/// Lets people and scanners of leaked secrets recognise a token.
const PREFIX: &str = "daybook_";

const NAME_KEY: &str = "token_name_key";

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Start loads. Payments need no token: their senders sign them.
    Ingest,
    /// Change products and variants.
    Catalogue,
    /// Read orders, customers, the catalogue and the state of things.
    Read,
    /// Close days, replay rejected rows.
    Operate,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Catalogue, Self::Read, Self::Operate];

    /// The scope's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Catalogue => "catalogue",
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let names = Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == name)
            .ok_or_else(|| format!("'{name}' is none of the scopes {names}"))
    }
}

/// A token, as it can be shown: without its secret.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TokenInfo {
    /// Counts tokens.
    pub id: i64,
    /// Who it is for; of the tokens that are in force, no two have the same name.
    pub name: String,
    /// The names of its scopes.
    pub scopes: Vec<String>,
    /// When, UTC.
    pub created_at: NaiveDateTime,
    /// Since when it is refused, UTC.
    pub revoked_at: Option<NaiveDateTime>,
}

/// Whom a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The token's name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Ods {
    /// Makes a token and gives its secret, which cannot be found out again.
    ///
    /// # Errors
    ///
    /// [`OdsError::TokenExists`] when a token of that name is in force; when PostgreSQL fails.
    pub async fn create_token(&self, name: &str, scopes: &[Scope]) -> Result<String, OdsError> {
        let mut random = [0_u8; 32];
        rand::rngs::OsRng.try_fill_bytes(&mut random).map_err(|error| OdsError::Random(error.to_string()))?;
        let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
        let scopes: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
        let insert = "insert into daybook.token (name, hash, scopes, created_at) values ($1, $2, $3, $4)";
        let inserted = sqlx::query(insert)
            .bind(name)
            .bind(hash(&token))
            .bind(scopes)
            .bind(self.clock().now())
            .execute(self.pool())
            .await;
        match inserted {
            Ok(_) => Ok(token),
            Err(error) if error.as_database_error().and_then(|e| e.constraint()) == Some(NAME_KEY) => {
                Err(OdsError::TokenExists(name.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// All tokens, those in force first.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn tokens(&self) -> Result<Vec<TokenInfo>, OdsError> {
        Ok(sqlx::query_as(include_str!("../queries/token/list.sql")).fetch_all(self.pool()).await?)
    }

    /// Refuses the token of that name from now on; says whether there was one in force.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn revoke_token(&self, name: &str) -> Result<bool, OdsError> {
        let revoke = "update daybook.token set revoked_at = $2 where name = $1 and revoked_at is null";
        let revoked = sqlx::query(revoke).bind(name).bind(self.clock().now()).execute(self.pool()).await?;
        Ok(revoked.rows_affected() > 0)
    }

    /// Whom a token stands for, if it is in force.
    ///
    /// The look-up is by hash, so its duration tells nothing of a token that is nearly right.
    ///
    /// # Errors
    ///
    /// When PostgreSQL fails.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Bearer>, OdsError> {
        let query = "select name, scopes from daybook.token where hash = $1 and revoked_at is null";
        let found: Option<(String, Vec<String>)> =
            sqlx::query_as(query).bind(hash(token)).fetch_optional(self.pool()).await?;
        Ok(found.map(|(name, scopes)| Bearer {
            name,
            scopes: scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
        }))
    }
}

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}
