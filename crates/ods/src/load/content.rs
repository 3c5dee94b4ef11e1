//! A file's content as the ledger knows it: its rows, however they were packed and whatever the file is called.

use sha2::{Digest, Sha256};

/// Rows are hashed so many at a time, and then the hashes: a server that has the rows in a table can do the same.
pub(crate) const ROWS_PER_HASH: u64 = 10_000;

/// Hashes a file's rows, header included, blank lines and line ends not.
#[derive(Default)]
pub(crate) struct ContentHasher {
    file: Sha256,
    rows: Sha256,
    count: u64,
}

impl ContentHasher {
    pub(crate) fn row(&mut self, raw: &[u8]) {
        self.rows.update(raw);
        self.rows.update(b"\n");
        self.count += 1;
        if self.count.is_multiple_of(ROWS_PER_HASH) {
            self.file.update(self.rows.finalize_reset());
        }
    }

    /// The hash, in hexadecimal.
    pub(crate) fn finish(mut self) -> String {
        if !self.count.is_multiple_of(ROWS_PER_HASH) {
            self.file.update(self.rows.finalize_reset());
        }
        hex(&self.file.finalize())
    }
}

/// The hash of several files' names and hashes.
pub(crate) fn hash_of(parts: &str) -> String {
    hex(&Sha256::digest(parts))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
