//! Corrected rows, sorted out by the load that first brought them.

use std::collections::{BTreeMap, HashMap};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use daybook_model::contract::Table;
use object_store::ObjectStore;
use tempfile::TempDir;

use super::corrected_rows::{CorrectedRow, CorrectedRows};
use crate::load::discover::BatchFile;
use crate::load::source::{ReadFailure, Source};
use crate::{Ods, OdsError};

/// How many rows are looked up at a time.
const LOOK_UP: usize = 1_000;

/// Files of one load and table each, in a folder that goes with this value. Every row keeps its line number: blank
/// lines, which no reader counts, stand for the rows of other loads.
pub(super) struct Corrections {
    folder: TempDir,
    parts: BTreeMap<i64, BTreeMap<Table, Part>>,
}

/// The rows of one load and table.
pub(super) struct Part {
    /// The file that they were corrected in.
    pub(super) file: BatchFile,
    /// Where they are now, below the folder.
    pub(super) path: String,
    /// The rejected rows that they stand for.
    pub(super) rows: Vec<i64>,
    next_line: u64,
}

impl Corrections {
    pub(super) fn new() -> Result<Self, OdsError> {
        let folder = TempDir::new()
            .map_err(|source| OdsError::Write { path: std::env::temp_dir().display().to_string(), source })?;
        Ok(Self { folder, parts: BTreeMap::new() })
    }

    pub(super) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The parts of each load, in the order of the loads.
    pub(super) fn parts(&self) -> &BTreeMap<i64, BTreeMap<Table, Part>> {
        &self.parts
    }

    /// Sorts out the rows of one file.
    pub(super) async fn read(
        &mut self,
        ods: &Ods,
        store: &dyn ObjectStore,
        file: &BatchFile,
    ) -> Result<(), OdsError> {
        let mut source = Source::open(store, file).await?;
        let mut corrected = CorrectedRows::of(file.table);
        let mut rows = Vec::new();
        loop {
            let piece = source.next_piece().await.map_err(|failure| match failure {
                ReadFailure::Damaged(message) => refusal(file, message),
                ReadFailure::Failed(error) => error,
            })?;
            let is_last = piece.is_empty();
            corrected.read(piece, &mut rows).map_err(|problem| refusal(file, problem))?;
            if is_last || rows.len() >= LOOK_UP {
                self.add(ods, file, std::mem::take(&mut rows)).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn add(&mut self, ods: &Ods, file: &BatchFile, rows: Vec<CorrectedRow>) -> Result<(), OdsError> {
        let ids: Vec<i64> = rows.iter().map(|row| row.rejected_row_id).collect();
        let origins: Vec<(i64, i64)> =
            sqlx::query_as(include_str!("../../queries/rejected_row/find_origins.sql"))
                .bind(&ids)
                .bind(file.table.name())
                .fetch_all(ods.pool())
                .await?;
        let origins: HashMap<i64, i64> = origins.into_iter().collect();
        for row in rows {
            let origin = *origins.get(&row.rejected_row_id).ok_or_else(|| {
                let (line, id, table) = (row.line, row.rejected_row_id, file.table.name());
                refusal(file, format!("line {line}: no row of {table} was rejected under the number {id}"))
            })?;
            self.append(file, origin, &row)?;
        }
        Ok(())
    }

    fn append(&mut self, file: &BatchFile, origin: i64, row: &CorrectedRow) -> Result<(), OdsError> {
        let parts = self.parts.entry(origin).or_default();
        let part = parts.entry(file.table).or_insert_with(|| Part {
            file: file.clone(),
            path: format!("{origin}/{}.csv", file.table.name()),
            rows: Vec::new(),
            next_line: 1,
        });
        let path = self.folder.path().join(&part.path);
        part.append(&path, row).map_err(|source| OdsError::Write { path: path.display().to_string(), source })
    }
}

impl Part {
    fn append(&mut self, path: &PathBuf, row: &CorrectedRow) -> std::io::Result<()> {
        let mut text = Vec::new();
        if self.next_line == 1 {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let columns: Vec<_> = self.file.table.columns().iter().map(|column| column.name).collect();
            text.extend_from_slice(columns.join(",").as_bytes());
            text.push(b'\n');
            self.next_line = 2;
        }
        let skipped = row.line.saturating_sub(self.next_line);
        text.resize(text.len() + usize::try_from(skipped).map_err(std::io::Error::other)?, b'\n');
        text.extend_from_slice(&row.record);
        let lines = memchr::memchr_iter(b'\n', &row.record).count() as u64;
        self.next_line += skipped + lines;
        self.rows.push(row.rejected_row_id);
        OpenOptions::new().create(true).append(true).open(path)?.write_all(&text)
    }
}

fn refusal(file: &BatchFile, problem: String) -> OdsError {
    let reason = format!("{problem}; nothing was replayed");
    OdsError::Location { uri: file.uri.clone(), reason }
}
