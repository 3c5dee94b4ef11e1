//! A file's bytes: fetched and decompressed in one pass.

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use futures::TryStreamExt;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::discover::{BatchFile, Compression};
use crate::OdsError;

const PIECE: usize = 256 * 1024;

/// A file that is being read.
pub(crate) struct Source {
    uri: String,
    compression: Compression,
    reader: Box<dyn AsyncRead + Send + Unpin>,
    piece: Vec<u8>,
    bytes: u64,
}

/// Why a file could not be read on.
pub(crate) enum ReadFailure {
    /// The file itself is broken: a matter of its batch alone.
    Damaged(String),
    /// The store did not deliver it.
    Failed(OdsError),
}

impl Source {
    pub(crate) async fn open(store: &dyn ObjectStore, file: &BatchFile) -> Result<Self, OdsError> {
        let object = store
            .get(&file.object.location)
            .await
            .map_err(|source| OdsError::Store { path: file.uri.clone(), source })?;
        let raw = StreamReader::new(object.into_stream().map_err(std::io::Error::other));
        let reader: Box<dyn AsyncRead + Send + Unpin> = match file.compression {
            Compression::None => Box::new(raw),
            Compression::Gzip => {
                let mut decoder = GzipDecoder::new(raw);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
            Compression::Zstd => {
                let mut decoder = ZstdDecoder::new(raw);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
        };
        Ok(Self {
            uri: file.uri.clone(),
            compression: file.compression,
            reader,
            piece: vec![0; PIECE],
            bytes: 0,
        })
    }

    /// The next bytes; empty at the end. All but the last piece are full.
    pub(crate) async fn next_piece(&mut self) -> Result<&[u8], ReadFailure> {
        let mut filled = 0;
        while filled < self.piece.len() {
            match self.reader.read(&mut self.piece[filled..]).await {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => return Err(self.explain(error)),
            }
        }
        let piece = &self.piece[..filled];
        self.bytes += filled as u64;
        Ok(piece)
    }

    /// How many bytes were read so far, decompressed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn explain(&self, source: std::io::Error) -> ReadFailure {
        let path = self.uri.clone();
        let source = match source.downcast::<object_store::Error>() {
            Ok(source) => return ReadFailure::Failed(OdsError::Store { path, source }),
            Err(source) => source,
        };
        if self.compression == Compression::None {
            return ReadFailure::Failed(OdsError::Read { path, source });
        }
        ReadFailure::Damaged(format!("{} cannot be decompressed: {source}", self.uri))
    }
}

/// What changes whenever an object is written: while it stays, the object need not be read again.
pub(crate) fn fingerprint(object: &ObjectMeta) -> String {
    let tag = object.e_tag.as_deref().unwrap_or_default();
    format!("{} {} {tag}", object.size, object.last_modified.timestamp_micros())
}
