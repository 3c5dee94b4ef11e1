//! Where the server programs are.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::LocalPostgresError;

/// The oldest PostgreSQL that Daybook works with.
const OLDEST: u32 = 13;

/// The programs that must lie in one folder: those of two installations don't fit each other.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The folders in which to look for PostgreSQL's server programs, the preferred ones first.
#[derive(Clone, Debug)]
pub struct BinarySearch {
    folders: Vec<PathBuf>,
}

impl BinarySearch {
    /// Looks in these folders only.
    pub fn in_folders(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// Looks on PATH, then where distributions put the server, newest version first.
    pub fn usual() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|p| p.is_absolute()).collect();
        folders.extend(numbered("/usr/lib/postgresql", ""));
        folders.extend(numbered("/usr", "pgsql-"));
        folders.extend(numbered("/opt/homebrew/opt", "postgresql"));
        folders.extend(numbered("/usr/local/opt", "postgresql"));
        folders.push("/usr/local/pgsql/bin".into());
        Self { folders }
    }

    /// The programs for the cluster in `home`: of the version that made it, or of any recent one when it has
    /// yet to be made.
    pub(crate) fn find(&self, home: &Path, cluster: Option<u32>) -> Result<Binaries, LocalPostgresError> {
        let mut newest = None;
        for binaries in self.folders.iter().filter_map(|folder| Binaries::in_folder(folder)) {
            let version = binaries.version;
            if version >= OLDEST && cluster.is_none_or(|wanted| wanted == version) {
                return Ok(binaries);
            }
            newest = newest.max(Some(version));
        }
        Err(match (newest, cluster) {
            (None, _) => LocalPostgresError::NoBinaries,
            (Some(installed), Some(cluster)) => {
                LocalPostgresError::OtherVersion { home: home.to_owned(), cluster, installed }
            }
            (Some(found), None) => LocalPostgresError::TooOld { found, oldest: OLDEST },
        })
    }
}

impl Default for BinarySearch {
    fn default() -> Self {
        Self::usual()
    }
}

/// The `bin` folders of the installations `parent/prefix<version>`, newest first.
fn numbered(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.trim_start_matches('@');
            // Homebrew's folder of its current version has no number.
            let version = if version.is_empty() { u32::MAX } else { leading_number(version)? };
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// One installation's server programs.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    folder: PathBuf,
    version: u32,
}

impl Binaries {
    fn in_folder(folder: &Path) -> Option<Self> {
        let complete = PROGRAMS.iter().all(|program| is_executable(&folder.join(program)));
        let version = complete.then(|| version_of(&folder.join("postgres"))).flatten()?;
        Some(Self { folder: folder.to_owned(), version })
    }

    pub(crate) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(crate) fn pg_ctl(&self) -> PathBuf {
        self.folder.join("pg_ctl")
    }

    pub(crate) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// The major version.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The major version that a `postgres` program says it is.
fn version_of(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    leading_number(text.strip_prefix("postgres (PostgreSQL) ")?)
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of programs that say they are PostgreSQL `version`.
    fn pretend(version: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for program in PROGRAMS {
            let path = folder.path().join(program);
            fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    fn find(folders: &[&tempfile::TempDir], cluster: Option<u32>) -> Result<u32, String> {
        let folders = folders.iter().map(|folder| folder.path().to_owned()).collect();
        let found = BinarySearch::in_folders(folders).find(Path::new("/data"), cluster);
        found.map(|binaries| binaries.version()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_first_recent_version_is_taken_for_a_new_cluster() {
        let (old, recent, newer) = (pretend("12.4"), pretend("14.9 (Debian)"), pretend("17beta1"));
        assert_eq!(find(&[&old, &recent, &newer], None), Ok(14));
    }

    #[test]
    fn a_cluster_gets_the_programs_that_made_it() {
        let (recent, newer) = (pretend("14.9"), pretend("17.2"));
        assert_eq!(find(&[&recent, &newer], Some(17)), Ok(17));
        let error = find(&[&recent, &newer], Some(16)).unwrap_err();
        assert!(error.contains("made by PostgreSQL 16, but only version 17 is installed"), "{error}");
    }

    #[test]
    fn an_installation_that_lacks_a_program_does_not_count() {
        let client_only = pretend("16.1");
        fs::remove_file(client_only.path().join("initdb")).unwrap();
        let error = find(&[&client_only], None).unwrap_err();
        assert!(error.contains("apt-get install postgresql"), "{error}");
        assert!(error.contains("[ods] url"), "{error}");
    }

    #[test]
    fn an_old_version_is_refused() {
        let error = find(&[&pretend("12.4")], None).unwrap_err();
        assert!(error.contains("PostgreSQL 12 is too old: install version 13"), "{error}");
    }
}
