//! Which processes work in a cluster's folder, where the operating system tells by `/proc`.
//!
//! PostgreSQL's processes all work in their cluster's folder, by which they are known, whatever path leads
//! there. A process of another user may be seen but not looked into, also by root in a container.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a process has to do with a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// It is one of the cluster's server processes.
    Serves,
    /// It is dead, belongs to another user than the server's, or works elsewhere.
    None,
    /// The operating system doesn't tell.
    Unknown,
}

/// The part that process `pid` has in `cluster`, whose server runs as user `server_uid`.
pub(crate) fn part_of(pid: u32, cluster: &Path, server_uid: u32) -> Part {
    let process = PathBuf::from(format!("/proc/{pid}"));
    match fs::metadata(&process) {
        Ok(data) if data.uid() != server_uid || is_dead(&process) => Part::None,
        Ok(_) => compare(&process.join("cwd"), cluster),
        Err(_) if tells() => Part::None,
        Err(_) => Part::Unknown,
    }
}

/// Whether any process of a server may still be at work in `cluster`. Sessions outlive a killed server until
/// they notice, and until then nobody else may touch the files.
pub(crate) fn any_serves(cluster: &Path, server_uid: u32) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return true };
    let mut numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    !tells() || numbers.any(|pid| part_of(pid, cluster, server_uid) != Part::None)
}

fn tells() -> bool {
    Path::new("/proc/self/stat").exists()
}

fn compare(folder: &Path, cluster: &Path) -> Part {
    let identity = |path: &Path| fs::metadata(path).map(|data| (data.dev(), data.ino()));
    match (identity(folder), identity(cluster)) {
        (Ok(folder), Ok(cluster)) if folder == cluster => Part::Serves,
        (Ok(_), Ok(_)) => Part::None,
        _ => Part::Unknown,
    }
}

/// Dead, though nobody has waited for it yet. The state follows the name, which is in parentheses.
fn is_dead(process: &Path) -> bool {
    let status = fs::read_to_string(process.join("stat")).unwrap_or_default();
    status.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_the_folder_it_works_in() {
        let here = std::env::current_dir().unwrap();
        let (me, uid) = (std::process::id(), nix::unistd::Uid::effective().as_raw());
        assert_eq!(part_of(me, &here, uid), Part::Serves);
        assert_eq!(part_of(me, Path::new("/"), uid), Part::None);
        assert_eq!(part_of(me, &here, uid + 1), Part::None);
        assert_eq!(part_of(u32::MAX, &here, uid), Part::None);
        assert!(any_serves(&here, uid));
    }
}
