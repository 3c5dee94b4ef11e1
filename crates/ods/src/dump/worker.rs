//! One of those who read: a connection, and at most one table's files open.

use std::collections::BTreeMap;
use std::sync::Arc;

use daybook_model::BusinessTimezone;
use daybook_model::manifest::DumpFile;
use futures::TryStreamExt;
use sqlx::{PgConnection, Postgres, Transaction};

use super::content::Contents;
use super::dating::SharedDates;
use super::error::DumpError;
use super::files::{DumpFiles, TableTarget};
use super::plan::{Piece, Pieces};
use super::rows::DumpRows;
use super::table::DumpTable;
use crate::OdsError;

/// What a table's rows became.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) table: &'static str,
    pub(crate) files: Vec<DumpFile>,
    pub(crate) contents: Contents,
}

/// Reads pieces of tables until there are no more.
pub(crate) struct Worker {
    pub(crate) txn: Transaction<'static, Postgres>,
    pub(crate) pieces: Arc<Pieces>,
    pub(crate) orders: SharedDates,
    pub(crate) timezone: BusinessTimezone,
    pub(crate) targets: Arc<BTreeMap<&'static str, Arc<TableTarget>>>,
}

impl Worker {
    pub(crate) async fn run(mut self) -> Result<Vec<Part>, OdsError> {
        let mut parts = Vec::new();
        let mut open: Option<OpenTable> = None;
        while let Some(Piece { table, statement }) = self.pieces.take() {
            let mut current = match open.take() {
                Some(current) if current.name == table.name => current,
                other => {
                    if let Some(done) = other {
                        parts.push(done.finish().await?);
                    }
                    self.begin(table)
                }
            };
            current.read(&mut self.txn, &statement).await?;
            open = Some(current);
        }
        if let Some(done) = open {
            parts.push(done.finish().await?);
        }
        self.txn.commit().await?;
        Ok(parts)
    }

    fn begin(&self, table: &'static DumpTable) -> OpenTable {
        // A run has a target for every table.
        let files = DumpFiles::new(Arc::clone(&self.targets[table.name]), table);
        let rows = DumpRows::of(table, self.timezone, self.orders.clone());
        OpenTable { name: table.name, rows, files }
    }
}

/// A table that is being read.
struct OpenTable {
    name: &'static str,
    rows: DumpRows,
    files: DumpFiles,
}

impl OpenTable {
    /// Reads the rows of `statement`; the last ones may stay for a batch with the next statement's.
    async fn read(&mut self, connection: &mut PgConnection, statement: &str) -> Result<(), OdsError> {
        let mut stream = connection.copy_out_raw(statement).await?;
        while let Some(piece) = stream.try_next().await? {
            self.rows.push(piece);
            self.write().await.map_err(|error| error.of(self.name))?;
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), DumpError> {
        while let Some(batch) = self.rows.next_batch()? {
            self.files.write(&batch).await?;
        }
        Ok(())
    }

    async fn finish(self) -> Result<Part, OdsError> {
        let Self { name, rows, mut files } = self;
        let written = async {
            let (rest, contents) = rows.finish()?;
            if let Some(batch) = rest {
                files.write(&batch).await?;
            }
            Ok((files.finish().await?, contents))
        };
        let (files, contents) = written.await.map_err(|error: DumpError| error.of(name))?;
        Ok(Part { table: name, files, contents })
    }
}
