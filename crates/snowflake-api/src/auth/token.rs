//! The JSON web tokens of key-pair authentication.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, Header, encode};
use secrecy::SecretString;
use serde::Serialize;

use super::PrivateKey;
use crate::SnowflakeError;

/// Snowflake refuses tokens that live longer than an hour.
const LIFETIME: Duration = Duration::from_secs(59 * 60);
/// A token is used for so long: what is left of its life covers a slow request and a clock that is not quite right.
const USED_FOR: Duration = Duration::from_secs(45 * 60);

/// Makes tokens, each of which serves many requests.
///
/// Their times are the machine's, not those of the clock that closes days: Snowflake compares them with its own.
#[derive(Debug)]
pub(crate) struct KeyPairTokens {
    issuer: String,
    subject: String,
    key: PrivateKey,
    current: Mutex<Option<(SecretString, SystemTime)>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Claims {
    iss: String,
    sub: String,
    iat: u64,
    exp: u64,
}

impl KeyPairTokens {
    pub(super) fn new(account: &str, user: &str, key: PrivateKey) -> Self {
        let subject = format!("{account}.{}", user.to_uppercase());
        let issuer = format!("{subject}.{}", key.fingerprint());
        Self { issuer, subject, key, current: Mutex::new(None) }
    }

    pub(super) fn fingerprint(&self) -> &str {
        self.key.fingerprint()
    }

    /// A token that is good for at least a quarter of an hour.
    pub(super) fn current(&self) -> Result<SecretString, SnowflakeError> {
        self.at(SystemTime::now())
    }

    fn at(&self, now: SystemTime) -> Result<SecretString, SnowflakeError> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, made)) = current.as_ref()
            // Also a clock that was set back makes a new one.
            && now.duration_since(*made).is_ok_and(|age| age < USED_FOR)
        {
            return Ok(token.clone());
        }
        let token = self.sign(now)?;
        *current = Some((token.clone(), now));
        Ok(token)
    }

    fn sign(&self, now: SystemTime) -> Result<SecretString, SnowflakeError> {
        let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: self.subject.clone(),
            iat: issued.as_secs(),
            exp: (issued + LIFETIME).as_secs(),
        };
        let token = encode(&Header::new(Algorithm::RS256), &claims, self.key.signing());
        token.map(SecretString::from).map_err(|error| SnowflakeError::Token(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::HashSet;

    use jsonwebtoken::{DecodingKey, TokenData, Validation, decode};
    use pkcs8::{PrivateKeyInfoRef, SecretDocument};
    use secrecy::ExposeSecret;

    use super::*;

    const PEM: &str = include_str!("../../tests/keys/plain.p8");
    const FINGERPRINT: &str = include_str!("../../tests/keys/fingerprint.txt");

    fn tokens() -> KeyPairTokens {
        KeyPairTokens::new("MYORG-SHOP", "loader", PrivateKey::from_pem(PEM, None).unwrap())
    }

    /// Checks the signature with the public half, and no claim.
    fn verified(token: &SecretString) -> TokenData<Claims> {
        let (_, document) = SecretDocument::from_pem(PEM).unwrap();
        let info = PrivateKeyInfoRef::try_from(document.as_bytes()).unwrap();
        let pair = aws_lc_rs::rsa::KeyPair::from_der(info.private_key.as_bytes()).unwrap();
        let public = aws_lc_rs::signature::KeyPair::public_key(&pair);
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims = HashSet::new();
        validation.validate_exp = false;
        decode(token.expose_secret(), &DecodingKey::from_rsa_der(public.as_ref()), &validation).unwrap()
    }

    #[test]
    fn a_token_names_account_user_and_key_and_lives_less_than_an_hour() {
        let token = tokens().at(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
        let claims = verified(&token).claims;
        assert_eq!(claims.sub, "MYORG-SHOP.LOADER");
        assert_eq!(claims.iss, format!("MYORG-SHOP.LOADER.{}", FINGERPRINT.trim()));
        assert_eq!((claims.iat, claims.exp), (1_700_000_000, 1_700_003_540));
    }

    #[test]
    fn a_token_serves_until_it_is_near_its_end() {
        let (tokens, begin) = (tokens(), UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let issued = |at: SystemTime| verified(&tokens.at(at).unwrap()).claims.iat;
        assert_eq!(issued(begin), 1_700_000_000);
        assert_eq!(issued(begin + Duration::from_secs(44 * 60)), 1_700_000_000);
        assert_eq!(issued(begin + Duration::from_secs(46 * 60)), 1_700_002_760);
        assert_eq!(issued(begin), 1_700_000_000, "the clock was set back");
    }

    #[test]
    fn debugging_shows_no_token() {
        let tokens = tokens();
        let token = tokens.current().unwrap();
        assert!(!format!("{tokens:?}").contains(token.expose_secret()));
    }
}
