//! Whether a webhook comes from who it says.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::options::WebhookSecrets;
use crate::server::HttpError;

/// Standard Webhooks asks for at least so many bytes.
const SHORTEST_KEY: usize = 24;

/// Shopify's own have 32 characters at least. With an empty one, everybody could sign.
const SHORTEST_SHOPIFY_SECRET: usize = 16;

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// Checks the signatures of webhooks. Every comparison takes the same time, whatever it finds.
pub(crate) struct Verifier {
    standard: Vec<Hmac<Sha256>>,
    shopify: Vec<Hmac<Sha256>>,
    tolerance: TimeDelta,
}

impl Verifier {
    pub(crate) fn new(secrets: &WebhookSecrets, tolerance: TimeDelta) -> Result<Self, HttpError> {
        let standard =
            secrets.standard.iter().map(|secret| standard_key(secret)).collect::<Result<_, _>>()?;
        let shopify = secrets.shopify.iter().map(|secret| shopify_key(secret)).collect::<Result<_, _>>()?;
        Ok(Self { standard, shopify, tolerance })
    }

    pub(crate) fn accepts_standard(&self) -> bool {
        !self.standard.is_empty()
    }

    pub(crate) fn accepts_shopify(&self) -> bool {
        !self.shopify.is_empty()
    }

    /// Checks a webhook by the Standard Webhooks specification, version 1; the error says what to look at.
    pub(crate) fn check_standard(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: NaiveDateTime,
    ) -> Result<(), String> {
        let id = header(headers, ID)?;
        let timestamp = header(headers, TIMESTAMP)?;
        let seconds: i64 =
            timestamp.parse().map_err(|_| format!("{TIMESTAMP} is not a number of seconds"))?;
        let age = now.and_utc().timestamp().saturating_sub(seconds);
        if age.unsigned_abs() > self.tolerance.num_seconds().unsigned_abs() {
            return Err(format!("{TIMESTAMP} is {age} s away from this server's clock"));
        }
        // of other versions, and what is not base64, is nobody's signature
        let given = header(headers, SIGNATURE)?.split(' ').filter_map(|one| one.strip_prefix("v1,"));
        let given: Vec<Vec<u8>> = given.filter_map(|one| STANDARD.decode(one).ok()).collect();
        let mut is_right = subtle::Choice::from(0);
        for key in &self.standard {
            let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
            let signed = parts.iter().fold(key.clone(), |signed, part| signed.chain_update(part));
            let expected = signed.finalize().into_bytes();
            for signature in &given {
                is_right |= expected.as_slice().ct_eq(signature);
            }
        }
        if bool::from(is_right) {
            Ok(())
        } else {
            Err("no signature was made with a known secret".to_owned())
        }
    }

    /// Checks a webhook of Shopify's.
    pub(crate) fn check_shopify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
        const SHOPIFY: &str = "x-shopify-hmac-sha256";
        let given =
            STANDARD.decode(header(headers, SHOPIFY)?).map_err(|_| format!("{SHOPIFY} is not base64"))?;
        let is_right = self.shopify.iter().fold(subtle::Choice::from(0), |is_right, key| {
            let expected = key.clone().chain_update(body).finalize().into_bytes();
            is_right | expected.as_slice().ct_eq(&given)
        });
        if bool::from(is_right) {
            Ok(())
        } else {
            Err("the signature was not made with a known secret".to_owned())
        }
    }
}

fn standard_key(secret: &str) -> Result<Hmac<Sha256>, HttpError> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD
        .decode(encoded)
        .map_err(|_| HttpError::Secret("a webhook secret is not whsec_ and base64"))?;
    if key.len() < SHORTEST_KEY {
        return Err(HttpError::Secret("a webhook secret is shorter than 24 bytes"));
    }
    Hmac::new_from_slice(&key).map_err(|_| HttpError::Secret("a webhook secret cannot be used"))
}

fn shopify_key(secret: &str) -> Result<Hmac<Sha256>, HttpError> {
    if secret.len() < SHORTEST_SHOPIFY_SECRET {
        return Err(HttpError::Secret("a Shopify secret is shorter than 16 characters"));
    }
    Hmac::new_from_slice(secret.as_bytes()).map_err(|_| HttpError::Secret("a Shopify secret cannot be used"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, String> {
    headers
        .get(name)
        .ok_or_else(|| format!("the header {name} is missing"))?
        .to_str()
        .map_err(|_| format!("the header {name} is not text"))
}

#[cfg(test)]
mod tests {
    use standardwebhooks::Webhook;

    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const OTHER: &str = "whsec_AAAAsBQIhrscChlQIMV+b5sSYspob7oD";

    fn verifier(secrets: &[&str]) -> Verifier {
        let standard = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let secrets = WebhookSecrets { standard, shopify: vec!["hush-hush-hush-hush".to_owned()] };
        Verifier::new(&secrets, TimeDelta::minutes(5)).unwrap()
    }

    fn signed(secret: &str, at: i64, body: &[u8]) -> HeaderMap {
        let signature = Webhook::new(secret).unwrap().sign("msg_1", at, body).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(ID, "msg_1".parse().unwrap());
        headers.insert(TIMESTAMP, at.to_string().parse().unwrap());
        headers.insert(SIGNATURE, format!("v1a,other {signature}").parse().unwrap());
        headers
    }

    fn now(at: i64) -> NaiveDateTime {
        chrono::DateTime::from_timestamp(at, 0).unwrap().naive_utc()
    }

    #[test]
    fn each_of_several_secrets_is_good() {
        let verifier = verifier(&[OTHER, SECRET]);
        verifier.check_standard(&signed(SECRET, 1_700_000_000, b"{}"), b"{}", now(1_700_000_299)).unwrap();
        verifier.check_standard(&signed(OTHER, 1_700_000_000, b"{}"), b"{}", now(1_700_000_000)).unwrap();
    }

    #[test]
    fn another_body_secret_or_time_is_not() {
        let verifier = verifier(&[SECRET]);
        let headers = signed(SECRET, 1_700_000_000, b"{}");
        let error = |headers: &HeaderMap, body: &[u8], at| {
            verifier.check_standard(headers, body, now(at)).unwrap_err()
        };
        assert_eq!(error(&headers, b"{ }", 1_700_000_000), "no signature was made with a known secret");
        assert_eq!(
            error(&headers, b"{}", 1_700_000_301),
            "webhook-timestamp is 301 s away from this server's clock"
        );
        assert_eq!(
            error(&headers, b"{}", 1_699_999_699),
            "webhook-timestamp is -301 s away from this server's clock"
        );
        assert_eq!(
            error(&signed(OTHER, 1_700_000_000, b"{}"), b"{}", 1_700_000_000),
            "no signature was made with a known secret"
        );
        assert_eq!(error(&HeaderMap::new(), b"{}", 0), "the header webhook-id is missing");
    }

    #[test]
    fn weak_secrets_are_refused() {
        for secret in ["whsec_c2hvcnQ=", "whsec_not base64"] {
            let secrets = WebhookSecrets { standard: vec![secret.to_owned()], shopify: Vec::new() };
            assert!(Verifier::new(&secrets, TimeDelta::minutes(5)).is_err());
        }
        // everybody knows the signature that an empty one makes
        for secret in ["", "hush", "fifteen letters"] {
            let secrets = WebhookSecrets { standard: Vec::new(), shopify: vec![secret.to_owned()] };
            assert!(Verifier::new(&secrets, TimeDelta::minutes(5)).is_err());
        }
    }

    #[test]
    fn shopify_signs_the_body_alone() {
        // made with: printf '{"id":1}' | openssl dgst -sha256 -hmac hush-hush-hush-hush -binary | base64
        let mut headers = HeaderMap::new();
        let signature = "gqb/mZI8OCf3/j3Ur1xqzHGfmqHHhNnpOakaVHyc9dw=";
        headers.insert("x-shopify-hmac-sha256", signature.parse().unwrap());
        let verifier = verifier(&[]);
        verifier.check_shopify(&headers, b"{\"id\":1}").unwrap();
        verifier.check_shopify(&headers, b"{\"id\":2}").unwrap_err();
    }
}
