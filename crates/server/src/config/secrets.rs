//! Values that are never shown, not even when they are wrong.

use std::fmt;

use figment::error::Kind;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The keys whose values hold secrets, or may.
const KEYS: [&str; 9] = [
    "ods.url",
    "webhooks.secrets",
    "webhooks.shopify_secrets",
    "alert.url",
    "alert.command",
    "openlineage.url",
    "openlineage.api_key",
    "snowflake.private_key_passphrase",
    "snowflake.token",
];

/// What is wrong, in one line.
pub(super) fn problem(error: &figment::Error) -> String {
    if !holds_secret(&error.path) {
        return without_excerpt(&error.kind.to_string());
    }
    match &error.kind {
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("the value, which is not shown, is not {expected}")
        }
        _ => "the value, which is not shown, cannot be used".to_owned(),
    }
}

fn holds_secret(path: &[String]) -> bool {
    let path = path.join(".");
    KEYS.iter().any(|key| path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

/// A file that cannot be read is shown where it is wrong, with bars at the left, and a secret may stand there.
fn without_excerpt(message: &str) -> String {
    let is_excerpt = |line: &str| {
        line.trim_start_matches([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']).starts_with('|')
    };
    message.lines().filter(|line| !is_excerpt(line)).collect::<Vec<_>>().join(": ")
}

/// A list of texts, or one that stands alone: so a single secret needs no quotes and brackets in a variable.
pub(super) fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(OneOrMany)
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Vec<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text or a list of texts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Vec<String>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(texts))
    }
}
