//! Starts and stops real servers.
#![allow(clippy::unwrap_used, clippy::panic)]

mod failures;
mod lifetime;
mod places;
mod recovery;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use daybook_local_postgres::{LocalPostgres, Settings};

/// A folder that the server's user can enter too, also when the tests run as root.
fn folder() -> tempfile::TempDir {
    let permissions = std::fs::Permissions::from_mode(0o711);
    tempfile::Builder::new().permissions(permissions).tempdir().unwrap()
}

fn start(data_dir: &Path) -> LocalPostgres {
    LocalPostgres::start(data_dir, &Settings::throwaway()).unwrap()
}

/// The process that serves the cluster.
fn server_pid(data_dir: &Path) -> Option<u32> {
    let text = std::fs::read_to_string(data_dir.join("cluster/postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

/// Whether the process runs; a dead one that nobody has waited for does not.
fn is_alive(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

/// Whether the process ends now: a server removes its pid file just before it ends.
fn ends(pid: u32) -> bool {
    (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        !is_alive(pid)
    })
}

fn socket_folder(server: &LocalPostgres) -> PathBuf {
    server.url().split_once("?host=").unwrap().1.into()
}
