//! Real input, unpacked once for all test processes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::TestkitError;
use crate::error::refused;
use crate::target::{made_once, target_folder};

/// Points to the UCI archive when it isn't in its usual place.
const UCI_ARCHIVE: &str = "DAYBOOK_UCI_ARCHIVE";

/// A year of a real shop, UCI Online Retail in the contract's form: the folder with `batches/`,
/// `transactions.ndjson`, `variant_updates.ndjson.gz`, `expected/` and `expected_strict/`.
///
/// The archive is `uci_retail.tar.zst` in `../shared/data` beside the workspace, or what the environment
/// variable `DAYBOOK_UCI_ARCHIVE` names. It is unpacked once, below Cargo's target folder; nobody may write there.
/// Blocks for a few seconds the first time.
///
/// # Errors
/// When the archive isn't there or cannot be unpacked. A test that needs it must fail then.
pub fn uci_retail() -> Result<PathBuf, TestkitError> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let usual = || workspace.join("../shared/data/uci_retail.tar.zst");
    let archive = std::env::var_os(UCI_ARCHIVE).map_or_else(usual, PathBuf::from);
    unpacked(&archive, &target_folder().join("fixtures"))
}

/// The folder of the archive's content, named for the archive's size so that another archive gets another one.
fn unpacked(archive: &Path, fixtures: &Path) -> Result<PathBuf, TestkitError> {
    let size = match fs::metadata(archive) {
        Ok(data) => data.len(),
        Err(_) => return Err(TestkitError::NoArchive { path: archive.to_owned(), variable: UCI_ARCHIVE }),
    };
    made_once(fixtures, &format!("uci_retail-{size}"), |folder| {
        unpack(archive, fixtures, folder).map_err(refused("unpack", archive))
    })
}

/// Unpacks beside `folder` and renames, so that a folder of that name is always complete.
fn unpack(archive: &Path, fixtures: &Path, folder: &Path) -> io::Result<()> {
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(fixtures)?;
    let content = zstd::Decoder::new(File::open(archive)?)?;
    tar::Archive::new(content).unpack(partial.path())?;
    let root = partial.path().join("uci_retail");
    if root.is_dir() {
        fs::rename(root, folder)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "it holds no folder uci_retail"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_archive_is_an_error_that_says_where_it_belongs() {
        let fixtures = tempfile::tempdir().unwrap();
        let error = unpacked(Path::new("/nowhere/uci.tar.zst"), fixtures.path()).unwrap_err().to_string();
        assert!(error.contains("/nowhere/uci.tar.zst"), "{error}");
        assert!(error.contains("DAYBOOK_UCI_ARCHIVE"), "{error}");
    }

    #[test]
    fn the_retail_year_is_unpacked_once() {
        let folder = uci_retail().unwrap();
        assert_eq!(fs::read_dir(folder.join("batches")).unwrap().count(), 305);
        assert!(folder.join("expected_strict/daily_revenue.csv").is_file());
        assert_eq!(uci_retail().unwrap(), folder);
    }
}
