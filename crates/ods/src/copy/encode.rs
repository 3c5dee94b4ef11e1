//! Rows on their way into `copy … from stdin (format binary)`.

use sqlx::PgConnection;
use sqlx::postgres::PgCopyIn;

use super::{HEADER, POSTGRES_EPOCH_MICROS};

/// Rows are sent once they are this many bytes. Most copies are smaller and go at once: the second of two small messages
/// waits until the first is acknowledged, which the other side puts off for 40 ms.
const CHUNK: usize = 1024 * 1024;

/// A buffer of encoded rows.
pub(crate) struct CopyEncoder {
    bytes: Vec<u8>,
}

impl CopyEncoder {
    /// An encoder that has written the stream's header.
    pub(crate) fn new() -> Self {
        let mut bytes = Vec::with_capacity(CHUNK / 4);
        bytes.extend_from_slice(HEADER);
        Self { bytes }
    }

    /// Begins a row of `fields` fields, which must follow.
    pub(crate) fn row(&mut self, fields: i16) {
        self.bytes.extend_from_slice(&fields.to_be_bytes());
    }

    pub(crate) fn null(&mut self) {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// Text without NUL characters, which PostgreSQL cannot hold; far shorter than 2 GiB.
    pub(crate) fn text(&mut self, text: &str) {
        let length = i32::try_from(text.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn optional_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub(crate) fn integer(&mut self, value: i32) {
        self.bytes.extend_from_slice(&4_i32.to_be_bytes());
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    pub(crate) fn bigint(&mut self, value: i64) {
        self.bytes.extend_from_slice(&8_i32.to_be_bytes());
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// A timestamp, in microseconds since 1970.
    pub(crate) fn timestamp(&mut self, unix_micros: i64) {
        self.bigint(unix_micros.saturating_sub(POSTGRES_EPOCH_MICROS));
    }

    /// What was written and not sent yet.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A place to come back to with [`Self::rewind`].
    pub(crate) fn mark(&self) -> usize {
        self.bytes.len()
    }

    /// Forgets what was written since `mark`, with no [`Self::send_full`] in between.
    pub(crate) fn rewind(&mut self, mark: usize) {
        self.bytes.truncate(mark);
    }

    /// Sends the rows if there are enough of them.
    pub(crate) async fn send_full(
        &mut self,
        copy: &mut PgCopyIn<&mut PgConnection>,
    ) -> Result<(), sqlx::Error> {
        if self.bytes.len() >= CHUNK {
            copy.send(self.bytes.as_slice()).await?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Sends the rest and ends the COPY.
    pub(crate) async fn finish(mut self, mut copy: PgCopyIn<&mut PgConnection>) -> Result<u64, sqlx::Error> {
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        copy.send(self.bytes.as_slice()).await?;
        copy.finish().await
    }
}
