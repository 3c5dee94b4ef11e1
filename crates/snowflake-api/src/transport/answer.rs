//! One answer of the server.

use std::borrow::Cow;
use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use serde::de::DeserializeOwned;

use crate::SnowflakeError;

/// One answer of the server, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    is_gzip: bool,
    body: Bytes,
}

impl Answer {
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        let is_gzip = headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
        Self { status, is_gzip, body }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The body, unpacked.
    pub(crate) fn content(&self) -> Result<Cow<'_, [u8]>, SnowflakeError> {
        if !self.is_gzip {
            return Ok(Cow::Borrowed(&self.body));
        }
        let mut content = Vec::new();
        MultiGzDecoder::new(self.body.as_ref())
            .read_to_end(&mut content)
            .map_err(|error| SnowflakeError::Unexpected(format!("its compression is damaged ({error})")))?;
        Ok(Cow::Owned(content))
    }

    /// What the body says. Unpacking and parsing many rows takes long, so a thread of its own does it.
    pub(crate) async fn json<T: DeserializeOwned + Send + 'static>(self) -> Result<T, SnowflakeError> {
        let parsed = tokio::task::spawn_blocking(move || {
            let content = self.content()?;
            serde_json::from_slice(&content).map_err(|error| {
                SnowflakeError::Unexpected(format!(
                    "HTTP {} with a body like no other ({error})",
                    self.status
                ))
            })
        });
        parsed.await.map_err(|error| SnowflakeError::Unexpected(error.to_string()))?
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use reqwest::header::HeaderValue;

    use super::*;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn gzip(body: Vec<u8>) -> Answer {
        let headers = HeaderMap::from_iter([(CONTENT_ENCODING, HeaderValue::from_static("gzip"))]);
        Answer::new(StatusCode::OK, &headers, body.into())
    }

    #[tokio::test]
    async fn a_body_may_be_packed_in_one_piece_or_several() {
        let answer = gzip([packed(b"[1,"), packed(b"2]")].concat());
        assert_eq!(answer.json::<Vec<u8>>().await.unwrap(), [1, 2]);
        let answer = Answer::new(StatusCode::OK, &HeaderMap::new(), Bytes::from_static(b"[3]"));
        assert_eq!(answer.json::<Vec<u8>>().await.unwrap(), [3]);
    }

    #[tokio::test]
    async fn a_damaged_body_is_an_error() {
        let mut cut = packed(b"[1, 2, 3, 4, 5, 6, 7, 8]");
        cut.truncate(cut.len() - 10);
        let error = gzip(cut).json::<Vec<u8>>().await.unwrap_err();
        assert!(error.to_string().contains("damaged"), "{error}");
        let answer = Answer::new(StatusCode::OK, &HeaderMap::new(), Bytes::from_static(b"<html>"));
        assert!(answer.json::<Vec<u8>>().await.unwrap_err().to_string().contains("HTTP 200"));
    }
}
