//! One of those who read: a connection, and at most one table's files open.

use std::collections::BTreeMap;
use std::sync::Arc;

use daybook_model::BusinessTimezone;
use daybook_model::manifest::DumpFile;
use futures::TryStreamExt;
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

use super::content::Contents;
use super::dating::SharedDates;
use super::error::DumpError;
use super::files::{DumpFiles, TableTarget};
use super::plan::{Piece, Pieces};
use super::rows::DumpRows;
use super::table::DumpTable;
use crate::OdsError;

/// As much is read while as much is being encoded.
const CHUNK_BYTES: usize = 512 * 1024;

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
        let mut open: Option<Encoding> = None;
        while let Some(Piece { table, statement }) = self.pieces.take() {
            let mut encoding = match open.take() {
                Some(encoding) if encoding.table == table.name => encoding,
                other => {
                    if let Some(encoding) = other {
                        parts.push(encoding.finish().await?);
                    }
                    self.begin(table)
                }
            };
            read(&mut self.txn, &statement, &mut encoding).await?;
            open = Some(encoding);
        }
        if let Some(encoding) = open {
            parts.push(encoding.finish().await?);
        }
        self.txn.commit().await?;
        Ok(parts)
    }

    fn begin(&self, table: &'static DumpTable) -> Encoding {
        // A run has a target for every table.
        let files = DumpFiles::new(Arc::clone(&self.targets[table.name]), table);
        let rows = DumpRows::of(table, self.timezone, Arc::clone(&self.orders));
        Encoding::of(Encoder { table: table.name, rows, files, spare: Vec::new() })
    }
}

/// Passes the rows of `statement` on in large chunks: a server sends each row by itself.
async fn read(
    connection: &mut PgConnection,
    statement: &str,
    encoding: &mut Encoding,
) -> Result<(), OdsError> {
    let mut stream = connection.copy_out_raw(statement).await?;
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    while let Some(piece) = stream.try_next().await? {
        if chunk.len() + piece.len() > CHUNK_BYTES {
            chunk = encoding.add(chunk).await?;
        }
        chunk.extend_from_slice(&piece);
    }
    encoding.add(chunk).await?;
    Ok(())
}

/// Rows on their way into files: decodes, compresses and writes.
struct Encoder {
    table: &'static str,
    rows: DumpRows,
    files: DumpFiles,
    /// An empty buffer: memory that is always new would have to be cleared by the system each time.
    spare: Vec<u8>,
}

impl Encoder {
    /// Blocks the thread.
    fn add(&mut self, chunk: Vec<u8>) -> Result<(), OdsError> {
        let runtime = Handle::current();
        let files = &mut self.files;
        self.spare = self
            .rows
            .push(chunk, |batch| Ok(runtime.block_on(files.write(&batch))?))
            .map_err(|error| error.of(self.table))?;
        Ok(())
    }

    async fn finish(mut self) -> Result<Part, DumpError> {
        let (rest, contents) = self.rows.finish()?;
        if let Some(batch) = rest {
            self.files.write(&batch).await?;
        }
        Ok(Part { table: self.table, files: self.files.finish().await?, contents })
    }
}

/// An encoder at work on a thread of its own, with one chunk at most, so that reading goes on meanwhile.
struct Encoding {
    table: &'static str,
    working: JoinHandle<Result<Encoder, OdsError>>,
}

impl Encoding {
    fn of(encoder: Encoder) -> Self {
        Self { table: encoder.table, working: spawn_blocking(|| Ok(encoder)) }
    }

    /// Waits until the chunk before is encoded; gives an empty buffer for the next.
    async fn add(&mut self, chunk: Vec<u8>) -> Result<Vec<u8>, OdsError> {
        let mut encoder = self.encoder().await?;
        let spare = std::mem::take(&mut encoder.spare);
        self.working = spawn_blocking(move || encoder.add(chunk).map(|()| encoder));
        Ok(spare)
    }

    async fn finish(mut self) -> Result<Part, OdsError> {
        let table = self.table;
        self.encoder().await?.finish().await.map_err(|error| error.of(table))
    }

    async fn encoder(&mut self) -> Result<Encoder, OdsError> {
        (&mut self.working).await.map_err(|error| DumpError::from(error).of(self.table))?
    }
}
