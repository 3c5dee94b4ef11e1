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
    pub(crate) fn next_tuple(&mut self) -> Result<Option<Tuple<'_>>, DecodeError> {
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
            let Some((count, _)) = self.bytes[self.position..].split_first_chunk() else {
                return Ok(None);
            };
            self.position += count.len();
            match usize::try_from(i16::from_be_bytes(*count)) {
                Ok(count) => break (self.position, count),
                // The trailer is a row with a count of -1.
                Err(_) => self.header_read = false,
            }
        };
        let mut fields = Fields { rest: &self.bytes[start..] };
        for _ in 0..count {
            if fields.next().is_none() {
                self.position = start - size_of::<i16>();
                return Ok(None);
            }
        }
        self.position = self.bytes.len() - fields.rest.len();
        Ok(Some(Tuple { content: &self.bytes[start..self.position] }))
    }
}

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Tuple<'a> {
    content: &'a [u8],
}

impl<'a> Tuple<'a> {
    /// The row as the server wrote it: the same values always give the same bytes.
    pub(crate) fn content(self) -> &'a [u8] {
        self.content
    }

    /// Its values, from the first column on; in columns that it does not have, they are missing.
    pub(crate) fn fields(self) -> impl Iterator<Item = Field<'a>> {
        let mut fields = Fields { rest: self.content };
        (0..).map(move |index| Field { index, value: fields.next().flatten() })
    }

    /// The value of a column.
    pub(crate) fn field(self, index: usize) -> Field<'a> {
        Field { index, value: Fields { rest: self.content }.nth(index).flatten() }
    }
}

/// Cuts whole fields off the front; a null gives `None`.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk()?;
        // A negative length is a null.
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.rest = rest;
            return Some(None);
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(value))
    }
}

/// A value, by the number of its column.
#[derive(Clone, Copy)]
pub(crate) struct Field<'a> {
    index: usize,
    value: Option<&'a [u8]>,
}

impl<'a> Field<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], DecodeError> {
        self.value.ok_or(DecodeError::Missing(self.index))
    }

    pub(crate) fn integer(self) -> Result<i32, DecodeError> {
        let bytes = self.bytes()?.try_into().map_err(|_| DecodeError::Damaged)?;
        Ok(i32::from_be_bytes(bytes))
    }

    pub(crate) fn bigint(self) -> Result<i64, DecodeError> {
        let bytes = self.bytes()?.try_into().map_err(|_| DecodeError::Damaged)?;
        Ok(i64::from_be_bytes(bytes))
    }

    /// A timestamp, in microseconds since 1970.
    pub(crate) fn timestamp(self) -> Result<i64, DecodeError> {
        let out_of_range = DecodeError::OutOfRange(self.index);
        match self.bigint()? {
            i64::MIN | i64::MAX => Err(out_of_range),
            micros => micros.checked_add(POSTGRES_EPOCH_MICROS).ok_or(out_of_range),
        }
    }

    /// A date, in days since 1970.
    pub(crate) fn date(self) -> Result<i32, DecodeError> {
        let out_of_range = DecodeError::OutOfRange(self.index);
        match self.integer()? {
            i32::MIN | i32::MAX => Err(out_of_range),
            days => days.checked_add(POSTGRES_EPOCH_DAYS).ok_or(out_of_range),
        }
    }
}
