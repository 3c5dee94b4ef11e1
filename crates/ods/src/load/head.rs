//! A CSV file's first line, for those who get the rest from elsewhere.

use daybook_model::contract::Table;
use object_store::{ObjectStore, ObjectStoreExt};

use super::csv::CsvRecords;
use super::discover::BatchFile;
use super::header::Header;
use crate::OdsError;

/// More than any header needs.
const HEAD: u64 = 4096;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A header that keeps the contract, and how its line looks.
pub(crate) struct Head {
    pub(crate) header: Header,
    /// The line without its end, with the byte order mark if there is one.
    pub(crate) line: String,
    /// How many bytes end a line.
    pub(crate) line_end: u64,
}

impl Head {
    /// Reads the file's beginning; none if no good header is there.
    pub(crate) async fn read(store: &dyn ObjectStore, file: &BatchFile) -> Result<Option<Self>, OdsError> {
        let size = file.object.size;
        if size == 0 {
            return Ok(None);
        }
        let bytes = store
            .get_range(&file.object.location, 0..size.min(HEAD))
            .await
            .map_err(|source| OdsError::Store { path: file.uri.clone(), source })?;
        Ok(Self::of(&file.name, file.table, &bytes, size <= HEAD))
    }

    fn of(file: &str, table: Table, bytes: &[u8], is_whole: bool) -> Option<Self> {
        let mut records = CsvRecords::new();
        records.push(bytes);
        records.skip_byte_order_mark();
        if is_whole {
            records.push(&[]);
        }
        let record = records.peek()?;
        let header = Header::parse(file, table, &record).ok()?;
        let mark = if bytes.starts_with(BYTE_ORDER_MARK.as_bytes()) { BYTE_ORDER_MARK.len() } else { 0 };
        let (line, rest) = bytes.split_at(mark + record.raw.len());
        let line = std::str::from_utf8(line).ok()?.to_owned();
        let line_end = match rest {
            [] | [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        Some(Self { header, line, line_end })
    }

    /// The header as the ledger's hash knows it.
    pub(crate) fn record(&self) -> &str {
        self.line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.line)
    }
}
