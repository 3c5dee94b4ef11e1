//! How a private server is tuned.

use crate::BinarySearch;

/// How the server runs.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    throwaway: bool,
    search: BinarySearch,
}

/// What every private server is started with. It listens on its socket only. `jit` is off because Daybook's
/// statements are many and short.
const ALWAYS: &[&str] = &[
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",
];

/// Durable, with little memory: the machine has other work to do.
const DURABLE: &[&str] = &[
    "max_connections=100",
    "shared_buffers=128MB",
    "work_mem=8MB",
    "maintenance_work_mem=128MB",
    "max_wal_size=2GB",
];

/// How a durable server compresses pages in its log, the quicker way first: LZ4 needs version 15, built with it. With
/// it, a day's expiry takes a third less time.
pub(crate) const LOG_COMPRESSION: [&str; 2] = ["wal_compression=lz4", "wal_compression=on"];

/// As fast as can be: nothing survives a crash of the machine.
const THROWAWAY: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=200",
    "shared_buffers=64MB",
];

impl Settings {
    /// A server whose content may be lost when the machine crashes, for tests.
    pub fn throwaway() -> Self {
        Self { throwaway: true, ..Self::default() }
    }

    /// Looks for the server programs elsewhere than in the usual places.
    pub fn with_search(mut self, search: BinarySearch) -> Self {
        self.search = search;
        self
    }

    pub(crate) fn search(&self) -> &BinarySearch {
        &self.search
    }

    pub(crate) fn is_throwaway(&self) -> bool {
        self.throwaway
    }

    /// The server's parameters, `name=value`; no value holds a blank or a character that a shell would take
    /// for its own.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'static str> {
        let tuning = if self.throwaway { THROWAWAY } else { DURABLE };
        ALWAYS.iter().chain(tuning).copied()
    }
}
