//! A folder to run `daybook` in.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) struct Folder {
    folder: TempDir,
}

/// What a run of the program printed and how it ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        // open to all: as root, the embedded server runs as another user and must get through
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        std::fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// A batch with one order and one line.
    pub(crate) fn write_batch(&self) {
        self.write("batch/orders.csv", "id,processed_timestamp,customer_id\no1,2024-03-01 10:00:00,c1\n");
        self.write("batch/order_lines.csv", "id,quantity,variant_id,revenue,order_id\nl1,2,v1,1000,o1\n");
    }

    pub(crate) fn daybook(&self, arguments: &[&str]) -> Ended {
        self.daybook_with(&[], arguments)
    }

    /// Runs with these `DAYBOOK_…` variables and no others.
    pub(crate) fn daybook_with(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
        Ended::from(&self.command(variables, arguments).output().unwrap())
    }

    pub(crate) fn command(&self, variables: &[(&str, &str)], arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DAYBOOK_")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).args(arguments).envs(variables.iter().copied());
        command
    }
}

/// Sends a signal to a process.
pub(crate) fn send(signal: &str, pid: &str) {
    let sent = Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "sh", signal, pid]).status().unwrap();
    assert!(sent.success(), "there is no process {pid}");
}

impl Ended {
    fn from(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Asserts an error of one line that says all of `parts`.
    pub(crate) fn assert_error(&self, parts: &[&str]) {
        assert_ne!(self.code, 0, "it passed: {}", self.out);
        assert_eq!(self.err.trim_end().lines().count(), 1, "not one line:\n{}", self.err);
        for part in parts {
            assert!(self.err.contains(part), "'{part}' is not in: {}", self.err);
        }
    }
}
