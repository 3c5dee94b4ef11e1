//! What is made once for all test processes, in Cargo's target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::TestkitError;
use crate::error::refused;

/// Cargo's target folder: the one above the test program that bears Cargo's cache mark.
pub(crate) fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    marked.map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), Path::to_owned)
}

/// The folder `name` in `parent`; `make` makes it if it isn't there. Test processes that want it meanwhile wait.
///
/// What `make` makes must appear under its name complete.
pub(crate) fn made_once(
    parent: &Path,
    name: &str,
    make: impl FnOnce(&Path) -> Result<(), TestkitError>,
) -> Result<PathBuf, TestkitError> {
    fs::create_dir_all(parent).map_err(refused("make", parent))?;
    let folder = parent.join(name);
    let lock_path = parent.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).map_err(refused("open", &lock_path))?;
    lock.lock().map_err(refused("lock", &lock_path))?;
    if !folder.exists() {
        make(&folder)?;
    }
    Ok(folder)
}
