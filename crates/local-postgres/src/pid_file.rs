//! PostgreSQL's `postmaster.pid`: which process serves a cluster, and how far it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::LocalPostgresError;
use crate::error::refused;

/// What a running server, or one that died without tidying up, says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PidFile {
    /// The server's process; 0 when the file isn't fully written.
    pub(crate) pid: u32,
    /// Where its socket is; none yet when it is just starting.
    pub(crate) socket_folder: Option<PathBuf>,
    /// Whether it takes connections.
    pub(crate) ready: bool,
}

impl PidFile {
    pub(crate) fn path(cluster: &Path) -> PathBuf {
        cluster.join("postmaster.pid")
    }

    /// The cluster's pid file, if it has one.
    pub(crate) fn read(cluster: &Path) -> Result<Option<Self>, LocalPostgresError> {
        let path = Self::path(cluster);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(Self::parse(&text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused("read", &path)(error)),
        }
    }

    /// The lines are documented in PostgreSQL's `src/include/utils/pidfile.h`: process, data folder, start
    /// time, port, socket folder, address, shared memory, status.
    fn parse(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let line = |number: usize| lines.get(number - 1).copied().unwrap_or_default();
        Self {
            pid: line(1).parse().unwrap_or(0),
            socket_folder: Some(line(5)).filter(|text| !text.is_empty()).map(PathBuf::from),
            ready: line(8) == "ready",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_server_says_where_its_socket_is() {
        let text = "4242\n/data/cluster\n1700000000\n5432\n/data/socket\n\n  1234  5\nready   \n";
        let expected = PidFile { pid: 4242, socket_folder: Some("/data/socket".into()), ready: true };
        assert_eq!(PidFile::parse(text), expected);
    }

    #[test]
    fn a_starting_server_may_say_less() {
        let expected = PidFile { pid: 4242, socket_folder: None, ready: false };
        assert_eq!(PidFile::parse("4242\n/data/cluster\n"), expected);
        assert_eq!(PidFile::parse("").pid, 0);
    }
}
