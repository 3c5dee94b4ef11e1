//! Every byte of a file belongs to exactly one row or line end.

use std::fmt;

use crate::load::reject::Reason;

/// A row as a reader saw it.
#[derive(PartialEq, Eq)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) raw: Vec<u8>,
    /// The values, or why it has none.
    pub(super) fields: Result<Vec<Vec<u8>>, Reason>,
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.raw.escape_ascii())?;
        match &self.fields {
            Err(reason) => write!(f, " ({})", reason.code()),
            Ok(fields) => fields.iter().try_for_each(|field| write!(f, " [{}]", field.escape_ascii())),
        }
    }
}

/// Goes through the file row by row: each begins where the one before ends, on the line that it says.
pub(super) fn assert_covered(file: &[u8], rows: &[Row], longest: usize) {
    let mut at = if file.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    for row in rows {
        assert!(file[at..].starts_with(&row.raw), "a row is not where it should be: {row:?}");
        let lines_before = file[..at].iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(row.line, 1 + lines_before as u64, "{row:?}");
        at += row.raw.len();
        let rest = &file[at..];
        at += match (&row.fields, rest) {
            (Err(Reason::RowTooLong), _) => {
                let line_end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |end| end + 1);
                assert!(row.raw.len() + line_end > longest, "it is not too long: {row:?}");
                line_end
            }
            (_, [b'\n', ..]) => 1,
            (_, [b'\r', b'\n', ..]) => 2,
            (_, [] | [b'\r']) => rest.len(),
            _ => panic!("a row ends within a line: {row:?}"),
        };
    }
    assert_eq!(at, file.len(), "something is left of the file");
}
