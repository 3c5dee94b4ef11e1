//! The JSON web tokens of key-pair authentication.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde::Serialize;

use super::PrivateKey;
use crate::SnowflakeError;

/// Snowflake refuses tokens that live longer than an hour.
const LIFETIME: Duration = Duration::from_secs(59 * 60);
const HEADER: &[u8] = br#"{"typ":"JWT","alg":"RS256"}"#;
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
        let claims = serde_json::to_vec(&claims).map_err(|error| SnowflakeError::Token(error.to_string()))?;
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(HEADER), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}").into())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use pkcs8::SecretDocument;
    use secrecy::ExposeSecret;

    use super::*;

    const PEM: &str = include_str!("../../tests/keys/plain.p8");
    const PUBLIC: &str = include_str!("../../tests/keys/public.pem");
    const FINGERPRINT: &str = include_str!("../../tests/keys/fingerprint.txt");

    fn tokens() -> KeyPairTokens {
        KeyPairTokens::new("MYORG-SHOP", "loader", PrivateKey::from_pem(PEM, None).unwrap())
    }

    /// The claims of a token whose signature the public half of the key confirms.
    fn verified(token: &SecretString) -> Claims {
        let (signed, signature) = token.expose_secret().rsplit_once('.').unwrap();
        let (_, public) = SecretDocument::from_pem(PUBLIC).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public.as_bytes())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(header).unwrap(), HEADER);
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
    }

    #[test]
    fn a_token_names_account_user_and_key_and_lives_less_than_an_hour() {
        let token = tokens().at(UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
        let claims = verified(&token);
        assert_eq!(claims.sub, "MYORG-SHOP.LOADER");
        assert_eq!(claims.iss, format!("MYORG-SHOP.LOADER.{}", FINGERPRINT.trim()));
        assert_eq!((claims.iat, claims.exp), (1_700_000_000, 1_700_003_540));
    }

    #[test]
    fn a_token_serves_until_it_is_near_its_end() {
        let (tokens, begin) = (tokens(), UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let issued = |at: SystemTime| verified(&tokens.at(at).unwrap()).iat;
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
