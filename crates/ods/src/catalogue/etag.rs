//! A row's content in a few letters.

use std::fmt;

use chrono::NaiveDateTime;
use daybook_model::contract::Table;

/// The length of a tag's hash: nobody meets two contents of one tag by chance.
const BYTES: usize = 16;

/// The entity tag of a row (RFC 9110, 8.8.3), without quotes: equal exactly when every column is.
///
/// It is a hash of the content alone, so it is the same in every process and after a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Etag(String);

impl Etag {
    /// The tag that a client sent, without quotes. Any text will do: an unknown one matches no row.
    pub fn new(tag: impl Into<String>) -> Self {
        Self(tag.into())
    }

    /// The tag, without quotes; letters and digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A row with its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged<R> {
    /// The row.
    pub row: R,
    /// The row's tag.
    pub etag: Etag,
}

/// Hashes a row column by column.
pub(super) struct EtagBuilder {
    hasher: blake3::Hasher,
}

impl EtagBuilder {
    pub(super) fn of(table: Table) -> Self {
        Self { hasher: blake3::Hasher::new() }.text(table.name())
    }

    /// With its length, so that no two rows have the same bytes.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        self
    }

    pub(super) fn integer(mut self, integer: i32) -> Self {
        self.hasher.update(&integer.to_le_bytes());
        self
    }

    pub(super) fn time(mut self, time: NaiveDateTime) -> Self {
        self.hasher.update(&time.and_utc().timestamp_micros().to_le_bytes());
        self
    }

    pub(super) fn finish(self) -> Etag {
        let hash = self.hasher.finalize().to_hex();
        Etag(hash[..BYTES * 2].to_owned())
    }
}
