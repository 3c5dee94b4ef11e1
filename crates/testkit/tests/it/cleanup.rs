//! However a test process ends, its server and folder go with it.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use daybook_testkit::TestDatabase;

const HOLD: &str = "DAYBOOK_TESTKIT_HOLD";

/// Run as a process of its own by the tests below, not as a test.
#[tokio::test]
#[ignore = "ends as the test that runs it tells"]
async fn hold_a_database() {
    let Some(how) = std::env::var_os(HOLD) else { return };
    let database = TestDatabase::create().await.unwrap();
    let url = database.url();
    std::fs::write(&how, url.split_once("?host=").unwrap().1).unwrap();
    // The socket's folder tells the parent that the database is there; a line from the parent ends this.
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
}

/// Starts a process that holds a database, ends it by `end`, and sees what is left.
fn assert_cleaned_up(end: impl FnOnce(&mut Child)) {
    let note = tempfile::NamedTempFile::new().unwrap();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "cleanup::hold_a_database", "--ignored"])
        .env(HOLD, note.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let folder = noted_folder(note.path());
    let pid = server_pid(&folder);
    end(&mut holder);
    holder.wait().unwrap();
    // Ends only when nobody holds the process's output any more.
    holder.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap();
    assert_removed(&folder);
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(status.is_empty() || status.contains(") Z "), "the server still runs: {status}");
}

/// The folder of the server whose socket folder the holder notes as soon as it has its database.
fn noted_folder(note: &Path) -> PathBuf {
    let noted = (0..1500).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let socket_folder = std::fs::read_to_string(note).unwrap();
        Path::new(&socket_folder).parent().map(Path::to_owned)
    });
    noted.unwrap()
}

fn assert_removed(folder: &Path) {
    let gone = (0..500).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        !folder.exists()
    });
    assert!(gone, "{} is still there", folder.display());
}

fn server_pid(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("cluster/postmaster.pid")).unwrap();
    text.lines().next().unwrap().to_owned()
}

#[test]
fn a_process_that_ends_leaves_nothing() {
    assert_cleaned_up(|holder| drop(holder.stdin.take()));
}

#[test]
fn a_process_that_is_killed_leaves_nothing() {
    assert_cleaned_up(|holder| holder.kill().unwrap());
}
