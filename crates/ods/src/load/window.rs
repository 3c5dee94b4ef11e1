//! The part of a file that is being split into rows, bounded whatever the file holds.

/// The longest row, in bytes. A longer one is rejected, and reading goes on at the next line.
pub(crate) const MAX_ROW: usize = 1024 * 1024;

/// Bytes of a file that no row was made of yet, and where in the file they begin.
#[derive(Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    start: usize,
    longest: usize,
    line: u64,
    ended: bool,
    skipping: bool,
}

/// What [`Window::line`] found.
pub(crate) enum Line {
    /// A line without its end: how many bytes it has, and how many to consume.
    Complete { length: usize, consumed: usize },
    /// A line that is longer than the longest row; its beginning is there.
    TooLong,
    /// More bytes are needed.
    Incomplete,
    /// The file is over.
    End,
}

impl Window {
    /// A window onto a file whose rows have at most `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        Self { longest, line: 1, ..Self::default() }
    }

    /// Adds the file's next bytes; an empty piece is its end.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.ended = piece.is_empty();
        self.bytes.extend_from_slice(piece);
    }

    /// What was not consumed yet.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The longest row, in bytes; a carriage return at its end counts.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// Whether nothing follows [`Self::bytes`].
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// The number of the line at which [`Self::bytes`] begins, from 1.
    pub(crate) fn line_number(&self) -> u64 {
        self.line
    }

    /// Goes on behind the first `consumed` bytes.
    pub(crate) fn consume(&mut self, consumed: usize) {
        let passed = &self.bytes[self.start..self.start + consumed];
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.start += consumed;
    }

    /// Goes on at the next line, which may not have been read yet.
    pub(crate) fn skip_line(&mut self) {
        self.skipping = true;
    }

    /// Finds the end of the first line.
    pub(crate) fn first_line(&mut self) -> Line {
        if self.skipping && !self.finish_skipping() {
            return if self.ended { Line::End } else { Line::Incomplete };
        }
        let bytes = self.bytes();
        match memchr::memchr(b'\n', bytes) {
            Some(end) if end > self.longest => Line::TooLong,
            Some(end) => Line::Complete { length: without_return(bytes, end), consumed: end + 1 },
            None if bytes.len() > self.longest => Line::TooLong,
            None if !self.ended => Line::Incomplete,
            None if bytes.is_empty() => Line::End,
            None => Line::Complete { length: without_return(bytes, bytes.len()), consumed: bytes.len() },
        }
    }

    fn finish_skipping(&mut self) -> bool {
        let rest = self.bytes();
        match memchr::memchr(b'\n', rest) {
            Some(end) => {
                self.consume(end + 1);
                self.skipping = false;
                true
            }
            None => {
                self.consume(rest.len());
                false
            }
        }
    }
}

/// The length of the line that ends before `end`: a carriage return there belongs to the line's end.
pub(crate) fn without_return(bytes: &[u8], end: usize) -> usize {
    if end > 0 && bytes[end - 1] == b'\r' { end - 1 } else { end }
}
