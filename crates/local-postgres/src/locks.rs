//! The two lock files by which the server's users find out who is the last.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::LocalPostgresError;
use crate::error::refused;

/// Held exclusively while a process decides whether to make, start or stop the server.
pub(crate) struct StartupLock(File);

impl StartupLock {
    /// Waits until no other process decides.
    pub(crate) fn take(data_dir: &Path) -> Result<Self, LocalPostgresError> {
        let path = data_dir.join("startup.lock");
        let file = open(&path)?;
        file.lock().map_err(refused("lock", &path))?;
        Ok(Self(file))
    }
}

impl Drop for StartupLock {
    fn drop(&mut self) {
        // Unlocked by name, not by closing: a child that is just being started has a copy of the descriptor.
        let _ = self.0.unlock();
    }
}

/// Held shared by each user of the server.
#[derive(Debug)]
pub(crate) struct UserLock {
    path: PathBuf,
    file: File,
}

impl UserLock {
    /// Counts the caller among the users. Only whoever holds `_deciding` may come or go.
    pub(crate) fn take(data_dir: &Path, _deciding: &StartupLock) -> Result<Self, LocalPostgresError> {
        let path = data_dir.join("users.lock");
        let file = open(&path)?;
        file.lock_shared().map_err(refused("lock", &path))?;
        Ok(Self { path, file })
    }

    /// Counts the caller no more; true when it was the last one.
    pub(crate) fn leave(&self, _deciding: &StartupLock) -> Result<bool, LocalPostgresError> {
        self.file.unlock().map_err(refused("unlock", &self.path))?;
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(refused("lock", &self.path)(error)),
        }
    }
}

impl Drop for UserLock {
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> Result<File, LocalPostgresError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    opened.map_err(refused("open", path))
}
