//! What became of a batch.

use chrono::NaiveDateTime;
use daybook_model::contract::Table;

/// What a load tells while it works.
#[derive(Clone, Copy, Debug)]
pub enum LoadEvent<'a> {
    /// More of some file was read; a batch that is tried again is read again.
    Read {
        /// Bytes, decompressed.
        bytes: u64,
        /// Data rows that ended within them.
        rows: u64,
        /// Those of them that break the contract.
        rejected: u64,
    },
    /// A batch is done, one way or another.
    Done(&'a LoadReport),
}

/// What became of one batch or event file.
#[derive(Clone, Debug)]
pub struct LoadReport {
    /// The batch's directory, or the event file.
    pub uri: String,
    /// Whether its rows are stored, and if not, why.
    pub outcome: LoadOutcome,
    /// Each file's counts; empty unless the batch was loaded.
    pub files: Vec<FileReport>,
    /// How many rows of earlier loads found their parent in this one.
    pub healed: u64,
    /// What is odd about the batch, but no reason to refuse it.
    pub warnings: Vec<String>,
}

/// Whether a batch is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadOutcome {
    /// Its good rows are stored now; this is its row in the ledger.
    Loaded {
        /// The id in `daybook.load`.
        load_id: i64,
    },
    /// The same content was loaded before; nothing was written.
    AlreadyLoaded,
    /// Half of a pair is missing; nothing was written, and the batch will be loaded once it is whole.
    Waiting {
        /// The file that has yet to come.
        missing: String,
        /// When the half was first seen, UTC.
        since: NaiveDateTime,
        /// Whether that is longer ago than it should be.
        is_overdue: bool,
    },
    /// The batch as a whole breaks the contract; none of its rows is stored.
    Refused {
        /// What is wrong, in one line.
        message: String,
    },
}

/// What became of one file's rows: `rows_read` is the sum of the four counts after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The file's name within its batch.
    pub name: String,
    /// The table that it fills.
    pub table: Table,
    /// What was read of it, decompressed.
    pub bytes: u64,
    /// Data rows, without the header and blank lines.
    pub rows_read: u64,
    /// Rows that changed what is stored.
    pub loaded: u64,
    /// Rows that were known already, are identical to another row of the file, or, of payments, are older than
    /// what is stored or than another event of the file.
    pub unchanged: u64,
    /// Rows that break the contract, now in `daybook.rejected_row`.
    pub rejected: u64,
    /// Rows whose parent is missing, now in `daybook.parked_row`.
    pub parked: u64,
}

impl LoadReport {
    /// Whether the batch was refused.
    pub fn is_refused(&self) -> bool {
        matches!(self.outcome, LoadOutcome::Refused { .. })
    }
}
