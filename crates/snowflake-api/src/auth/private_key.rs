//! An RSA private key, as `openssl pkcs8 -topk8` writes it.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::SnowflakeError;

/// An RSA private key for key-pair authentication.
#[derive(Clone)]
pub struct PrivateKey {
    key_pair: Arc<KeyPair>,
    fingerprint: String,
}

impl PrivateKey {
    /// Reads a PKCS#8 key in PEM, encrypted (PBES2) or not.
    ///
    /// # Errors
    /// When it isn't such a key, or an encrypted one and the passphrase is missing or wrong. The error tells nothing
    /// of the key.
    pub fn from_pem(pem: &str, passphrase: Option<&SecretString>) -> Result<Self, SnowflakeError> {
        let (label, document) = SecretDocument::from_pem(pem.trim())
            .map_err(|_| unusable("it is no PEM file: it must begin with -----BEGIN … PRIVATE KEY-----"))?;
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(document.as_bytes()),
            "ENCRYPTED PRIVATE KEY" => Self::from_pkcs8(decrypt(&document, passphrase)?.as_bytes()),
            "RSA PRIVATE KEY" => Err(unusable(
                "it is in the older format PKCS#1; convert it: openssl pkcs8 -topk8 -in OLD.pem -out NEW.p8",
            )),
            other => Err(unusable(&format!("it holds a `{other}`, not a private key"))),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, SnowflakeError> {
        let not_rsa = "it is no RSA key of at least 2048 bits, and Snowflake takes no other";
        let key_pair = KeyPair::from_pkcs8(der).map_err(|_| unusable(not_rsa))?;
        let public: PublicKeyX509Der<'_> =
            key_pair.public_key().as_der().map_err(|_| unusable("it has no public key"))?;
        let fingerprint = format!("SHA256:{}", STANDARD.encode(Sha256::digest(public.as_ref())));
        Ok(Self { key_pair: Arc::new(key_pair), fingerprint })
    }

    /// The fingerprint of the public key, as `DESC USER` shows it in `RSA_PUBLIC_KEY_FP`.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The signature of `message` by RSASSA-PKCS1-v1_5 with SHA-256, which JSON web tokens call RS256.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SnowflakeError> {
        let mut signature = vec![0; self.key_pair.public_modulus_len()];
        self.key_pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SnowflakeError::Token("the key cannot sign".to_owned()))?;
        Ok(signature)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PrivateKey").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

fn decrypt(
    document: &SecretDocument,
    passphrase: Option<&SecretString>,
) -> Result<SecretDocument, SnowflakeError> {
    let passphrase = passphrase.ok_or_else(|| unusable("it is encrypted, and no passphrase is given"))?;
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| {
        unusable("its encryption is not supported; encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc")
    })?;
    encrypted
        .decrypt(passphrase.expose_secret())
        .map_err(|_| unusable("it cannot be decrypted: the passphrase is wrong, or the file is damaged"))
}

fn unusable(reason: &str) -> SnowflakeError {
    SnowflakeError::PrivateKey(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One throwaway key in several files. All of it is what OpenSSL made and says: see tests/keys/README.md.
    const PLAIN: &str = include_str!("../../tests/keys/plain.p8");
    const FINGERPRINT: &str = include_str!("../../tests/keys/fingerprint.txt");

    #[test]
    fn the_fingerprint_is_the_one_that_openssl_computes() {
        let key = PrivateKey::from_pem(PLAIN, None).unwrap();
        assert_eq!(key.fingerprint(), FINGERPRINT.trim());
    }

    #[test]
    fn an_encrypted_key_is_the_same_key() {
        let passphrase = SecretString::from("correct horse");
        for encrypted in [
            include_str!("../../tests/keys/aes256.p8"),
            include_str!("../../tests/keys/des3.p8"),
            include_str!("../../tests/keys/des3-sha1.p8"),
            include_str!("../../tests/keys/scrypt.p8"),
        ] {
            let key = PrivateKey::from_pem(encrypted, Some(&passphrase)).unwrap();
            assert_eq!(key.fingerprint(), FINGERPRINT.trim());
            let plain = PrivateKey::from_pem(PLAIN, None).unwrap();
            assert_eq!(key.sign(b"a message").unwrap(), plain.sign(b"a message").unwrap());
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_says_why() {
        let wrong = SecretString::from("wrong");
        let encrypted = include_str!("../../tests/keys/aes256.p8");
        let cases = [
            ("", None, "no PEM file"),
            (encrypted, None, "no passphrase is given"),
            (encrypted, Some(&wrong), "the passphrase is wrong"),
            (include_str!("../../tests/keys/pkcs1.pem"), None, "openssl pkcs8 -topk8"),
            (include_str!("../../tests/keys/public.pem"), None, "`PUBLIC KEY`"),
            (include_str!("../../tests/keys/elliptic.p8"), None, "no RSA key"),
        ];
        for (pem, passphrase, said) in cases {
            let error = PrivateKey::from_pem(pem, passphrase).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn debugging_shows_the_fingerprint_only() {
        let key = PrivateKey::from_pem(PLAIN, None).unwrap();
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("PrivateKey {{ fingerprint: {:?}, .. }}", FINGERPRINT.trim()));
    }
}
