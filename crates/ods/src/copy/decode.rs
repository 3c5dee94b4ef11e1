//! Rows on their way out of `copy … to stdout (format binary)`.

use bytes::Bytes;

use super::{HEADER, POSTGRES_EPOCH_DAYS, POSTGRES_EPOCH_MICROS};

/// The stream is not what the query promised.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("the server's COPY stream is damaged")]
    Damaged,
    #[error("a value is missing in column {0}")]
    Missing(usize),
    #[error("column {0} holds a time that is infinite or out of range")]
    OutOfRange(usize),
}

/// Collects the pieces of a stream, or of several one after another, and gives back their rows.
#[derive(Default)]
pub(crate) struct CopyDecoder {
    bytes: Bytes,
    position: usize,
    header_read: bool,
}

impl CopyDecoder {
    /// Takes a piece of the stream, and lets go of what was read before. Nothing is copied where pieces end with rows,
    /// as PostgreSQL's do.
    pub(crate) fn push(&mut self, piece: Bytes) {
        let rest = self.bytes.split_off(self.position);
        self.bytes = if rest.is_empty() { piece } else { [rest, piece].concat().into() };
        self.position = 0;
    }

    /// The next row, if all of it is there.
    pub(crate) fn next_tuple<'a>(
        &'a mut self,
        fields: &mut Vec<Option<std::ops::Range<usize>>>,
    ) -> Result<Option<Tuple<'a>>, DecodeError> {
        let (start, count) = loop {
            if !self.header_read {
                let rest = &self.bytes[self.position..];
                if rest.len() < HEADER.len() {
                    return Ok(None);
                }
                if !rest.starts_with(HEADER) {
                    return Err(DecodeError::Damaged);
                }
                self.position += HEADER.len();
                self.header_read = true;
            }
            let Some(count) = read(&self.bytes, self.position).map(i16::from_be_bytes) else {
                return Ok(None);
            };
            if count >= 0 {
                break (self.position + 2, count);
            }
            // The trailer is a row with a count of -1.
            self.position += 2;
            self.header_read = false;
        };
        let mut at = start;
        fields.clear();
        for _ in 0..count {
            let Some(length) = read(&self.bytes, at).map(i32::from_be_bytes) else {
                return Ok(None);
            };
            at += 4;
            // A negative length is a null.
            let field = usize::try_from(length).ok().map(|length| at..at + length);
            at = field.as_ref().map_or(at, |field| field.end);
            fields.push(field);
        }
        if at > self.bytes.len() {
            return Ok(None);
        }
        self.position = at;
        Ok(Some(Tuple { bytes: &self.bytes, content: start..at }))
    }
}

fn read<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

/// One row; its fields are looked up by the ranges that [`CopyDecoder::next_tuple`] filled in.
pub(crate) struct Tuple<'a> {
    bytes: &'a [u8],
    content: std::ops::Range<usize>,
}

/// Where a row's fields lie.
pub(crate) type Fields = [Option<std::ops::Range<usize>>];

impl<'a> Tuple<'a> {
    /// The row as the server wrote it: the same values always give the same bytes.
    pub(crate) fn content(&self) -> &'a [u8] {
        &self.bytes[self.content.clone()]
    }

    pub(crate) fn field(&self, fields: &Fields, index: usize) -> Result<&'a [u8], DecodeError> {
        let range = fields.get(index).cloned().flatten().ok_or(DecodeError::Missing(index))?;
        Ok(&self.bytes[range])
    }

    pub(crate) fn integer(&self, fields: &Fields, index: usize) -> Result<i32, DecodeError> {
        let bytes = self.field(fields, index)?.try_into().map_err(|_| DecodeError::Damaged)?;
        Ok(i32::from_be_bytes(bytes))
    }

    pub(crate) fn bigint(&self, fields: &Fields, index: usize) -> Result<i64, DecodeError> {
        let bytes = self.field(fields, index)?.try_into().map_err(|_| DecodeError::Damaged)?;
        Ok(i64::from_be_bytes(bytes))
    }

    /// A timestamp, in microseconds since 1970.
    pub(crate) fn timestamp(&self, fields: &Fields, index: usize) -> Result<i64, DecodeError> {
        match self.bigint(fields, index)? {
            i64::MIN | i64::MAX => Err(DecodeError::OutOfRange(index)),
            micros => micros.checked_add(POSTGRES_EPOCH_MICROS).ok_or(DecodeError::OutOfRange(index)),
        }
    }

    /// A date, in days since 1970.
    pub(crate) fn date(&self, fields: &Fields, index: usize) -> Result<i32, DecodeError> {
        match self.integer(fields, index)? {
            i32::MIN | i32::MAX => Err(DecodeError::OutOfRange(index)),
            days => days.checked_add(POSTGRES_EPOCH_DAYS).ok_or(DecodeError::OutOfRange(index)),
        }
    }
}
