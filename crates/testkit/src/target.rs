//! What is made once for all test processes, in Cargo's target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::TestkitError;
use crate::error::refused;

/// Cargo's target folder: the one above the test program that bears Cargo's cache mark, which Cargo leaves out of a
/// folder that was there before; then the workspace's own.
pub(crate) fn target_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let marked = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists());
    marked.map_or_else(of_the_workspace, Path::to_owned)
}

/// Without `..`, which no URL of a store may have.
fn of_the_workspace() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    workspace.unwrap_or(Path::new("/")).join("target")
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

#[cfg(test)]
mod tests {
    use std::path::Component;

    use super::*;

    #[test]
    fn a_target_folder_without_a_mark_has_a_plain_path_too() {
        let folder = of_the_workspace();
        assert!(
            folder.ends_with("target") && folder.parent().unwrap().join("Cargo.lock").exists(),
            "{folder:?}"
        );
        assert!(!folder.components().any(|part| part == Component::ParentDir), "{folder:?}");
    }
}
