//! Who is asking, and how that is proved.

mod private_key;
mod token;

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

pub use self::private_key::PrivateKey;
use self::token::KeyPairTokens;
use crate::{Account, SnowflakeError};

/// How a client proves who it is.
#[derive(Debug)]
pub enum Credentials {
    /// A key pair whose public key is registered with the user.
    KeyPair {
        /// The user's login name.
        user: String,
        /// The private key.
        key: PrivateKey,
    },
    /// An OAuth access token. It isn't renewed.
    OAuth(SecretString),
    /// A programmatic access token, which belongs to a user.
    ProgrammaticAccessToken(SecretString),
}

/// What the requests of one client bear.
#[derive(Debug)]
pub(crate) enum Authorization {
    KeyPair(KeyPairTokens),
    OAuth(SecretString),
    ProgrammaticAccessToken(SecretString),
}

impl Authorization {
    pub(crate) fn new(credentials: Credentials, account: &Account) -> Self {
        match credentials {
            Credentials::KeyPair { user, key } => {
                Self::KeyPair(KeyPairTokens::new(account.name(), &user, key))
            }
            Credentials::OAuth(token) => Self::OAuth(token),
            Credentials::ProgrammaticAccessToken(token) => Self::ProgrammaticAccessToken(token),
        }
    }

    /// The value of `X-Snowflake-Authorization-Token-Type`.
    pub(crate) fn token_type(&self) -> &'static str {
        match self {
            Self::KeyPair(_) => "KEYPAIR_JWT",
            Self::OAuth(_) => "OAUTH",
            Self::ProgrammaticAccessToken(_) => "PROGRAMMATIC_ACCESS_TOKEN",
        }
    }

    /// The value of `Authorization`, marked so that no HTTP library prints it.
    pub(crate) fn header(&self) -> Result<HeaderValue, SnowflakeError> {
        let value = match self {
            Self::KeyPair(tokens) => bearer(&tokens.current()?),
            Self::OAuth(token) | Self::ProgrammaticAccessToken(token) => bearer(token),
        };
        let mut value = value?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The fingerprint of the key that tokens are signed with.
    pub(crate) fn fingerprint(&self) -> Option<&str> {
        match self {
            Self::KeyPair(tokens) => Some(tokens.fingerprint()),
            Self::OAuth(_) | Self::ProgrammaticAccessToken(_) => None,
        }
    }
}

impl fmt::Display for Authorization {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::KeyPair(_) => "key pair",
            Self::OAuth(_) => "OAuth token",
            Self::ProgrammaticAccessToken(_) => "programmatic access token",
        })
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, SnowflakeError> {
    HeaderValue::try_from(format!("Bearer {}", token.expose_secret().trim()))
        .map_err(|_| SnowflakeError::Token("it holds characters that no token has".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_but_never_shown() {
        let account: Account = "xy12345".parse().unwrap();
        for (credentials, kind) in [
            (Credentials::OAuth("hush\n".into()), "OAUTH"),
            (Credentials::ProgrammaticAccessToken("hush".into()), "PROGRAMMATIC_ACCESS_TOKEN"),
        ] {
            assert!(!format!("{credentials:?}").contains("hush"));
            let authorization = Authorization::new(credentials, &account);
            let header = authorization.header().unwrap();
            assert_eq!((header.to_str().unwrap(), authorization.token_type()), ("Bearer hush", kind));
            assert!(!format!("{authorization:?} {header:?}").contains("hush"));
        }
    }

    #[test]
    fn a_token_that_no_header_can_bear_is_refused_without_showing_it() {
        let authorization = Authorization::OAuth("hu\nsh".into());
        let error = authorization.header().unwrap_err().to_string();
        assert!(error.contains("token") && !error.contains("sh\n") && !error.contains("hu"), "{error}");
    }
}
