//! Rejected rows as CSV files that a person can correct.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use daybook_model::contract::{Table, UnknownTable};
use futures::TryStreamExt;

use super::values::values;
use super::{RejectFilter, RejectedRow};
use crate::{Ods, OdsError};

/// The column that tells a replay which row is corrected.
pub(crate) const ROW_ID: &str = "rejected_row_id";

/// The columns after those of the contract. A replay needs the first; the others are for the reader.
const REMARKS: [&str; 8] = [ROW_ID, "load_id", "file", "line", "column", "reason", "message", "raw"];

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedFile {
    /// Where it is.
    pub path: PathBuf,
    /// The table that its rows are for.
    pub table: Table,
    /// How many rows it has.
    pub rows: u64,
}

struct Writer {
    file: ExportedFile,
    csv: csv::Writer<File>,
}

impl Ods {
    /// Writes rejected rows as `<table>.csv` into `folder`, which is made if it is not there: the contract's
    /// columns, to be corrected, then where the row comes from, what is wrong with it, and its text.
    ///
    /// # Errors
    ///
    /// When a file is there already or cannot be written, or when PostgreSQL fails.
    pub async fn export_rejects(
        &self,
        filter: &RejectFilter,
        folder: &Path,
    ) -> Result<Vec<ExportedFile>, OdsError> {
        let failed = |source| OdsError::Write { path: folder.display().to_string(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut writers = BTreeMap::new();
        let mut rows = self.stream_rejected(filter, None);
        while let Some(row) = rows.try_next().await? {
            let table: Table = row.table_name.parse().map_err(strange)?;
            let writer = match writers.remove(&table) {
                Some(writer) => writer,
                None => Writer::create(folder, table)?,
            };
            writers.insert(table, writer.write(&row)?);
        }
        writers.into_values().map(Writer::finish).collect()
    }
}

impl Writer {
    fn create(folder: &Path, table: Table) -> Result<Self, OdsError> {
        let path = folder.join(format!("{}.csv", table.name()));
        let file = File::create_new(&path).map_err(|source| failed(&path, source))?;
        let writer =
            Self { file: ExportedFile { path, table, rows: 0 }, csv: csv::Writer::from_writer(file) };
        let columns = table.columns().iter().map(|column| column.name);
        writer.record(columns.chain(REMARKS))
    }

    fn write(mut self, row: &RejectedRow) -> Result<Self, OdsError> {
        let mut record = values(row, self.file.table);
        record.extend([
            row.id.to_string(),
            row.load_id.to_string(),
            row.file.clone(),
            row.line.to_string(),
            row.column_name.clone().unwrap_or_default(),
            row.reason.clone(),
            row.message.clone(),
            row.raw.clone(),
        ]);
        self.file.rows += 1;
        self.record(record)
    }

    fn record(mut self, record: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Self, OdsError> {
        self.csv.write_record(record).map_err(|error| failed(&self.file.path, error.into()))?;
        Ok(self)
    }

    fn finish(mut self) -> Result<ExportedFile, OdsError> {
        self.csv.flush().map_err(|source| failed(&self.file.path, source))?;
        Ok(self.file)
    }
}

/// The ledger speaks of a table that this version does not know.
fn strange(error: UnknownTable) -> OdsError {
    OdsError::Database(sqlx::Error::Decode(error.into()))
}

fn failed(path: &Path, source: std::io::Error) -> OdsError {
    OdsError::Write { path: path.display().to_string(), source }
}
