//! Lays a delivery where Daybook picks it up.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::Delivery;

impl Delivery {
    /// Writes a batch directory or an event file below `landing` and returns its path; SQL is nobody's file,
    /// and gives none. What is there under its name is replaced, each file whole.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_to(&self, landing: &Path) -> io::Result<Option<PathBuf>> {
        fs::create_dir_all(landing)?;
        match self {
            Self::Batch { name, files } => {
                let batch = landing.join(name);
                fs::create_dir_all(&batch)?;
                for (file, content) in files {
                    write_whole(&batch.join(file), content)?;
                }
                Ok(Some(batch))
            }
            Self::Transactions { name, ndjson } | Self::VariantUpdates { name, ndjson } => {
                let path = landing.join(name);
                write_whole(&path, ndjson)?;
                Ok(Some(path))
            }
            Self::Sql { .. } => Ok(None),
        }
    }
}

/// A reader sees the file complete or not at all.
fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, content)?;
    fs::rename(&partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_becomes_a_directory() {
        let landing = tempfile::tempdir().unwrap();
        let files = vec![("orders.csv".to_owned(), b"id\n".to_vec())];
        let batch = Delivery::Batch { name: "one".into(), files };
        for _ in 0..2 {
            let path = batch.write_to(landing.path()).unwrap().unwrap();
            assert_eq!(fs::read(path.join("orders.csv")).unwrap(), b"id\n");
            assert_eq!(fs::read_dir(path).unwrap().count(), 1);
        }
        let sql = Delivery::Sql { statement: "select 1".into() };
        assert_eq!(sql.write_to(landing.path()).unwrap(), None);
    }
}
