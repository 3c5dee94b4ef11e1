//! What holds for every file that the readers are given, whatever is in it.
//!
//! The same checks serve the tests, with generated files, and the fuzzer, with files that it grows by watching which
//! branches they take.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod csv;
pub(crate) mod events;
mod file;
#[cfg(test)]
mod tests;
pub(crate) mod timestamp;
mod value;

/// How a file is given to a reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// The size of the pieces; the first one always has room for a byte order mark.
    pub(crate) piece: usize,
    /// The longest row that the reader takes.
    pub(crate) longest: usize,
}

impl Cut {
    /// The whole file at once.
    fn whole(self) -> Self {
        Self { piece: usize::MAX, ..self }
    }

    /// Rows are short, so that short files hold some that are too long.
    #[cfg(fuzzing)]
    pub(crate) fn of_bytes(piece: u8, longest: u8) -> Self {
        Self { piece: usize::from(piece).max(1), longest: usize::from(longest) }
    }

    fn pieces(self, file: &[u8]) -> impl Iterator<Item = &[u8]> {
        let (first, rest) = file.split_at(self.piece.max(3).min(file.len()));
        // an empty piece is the file's end
        let first = std::iter::once(first).filter(|first| !first.is_empty());
        first.chain(rest.chunks(self.piece)).chain([&b""[..]])
    }
}
