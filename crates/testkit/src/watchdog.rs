//! Cleans up after a test process, however it ends.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

/// Waits until its standard input ends, then stops the server in folder `$1` and removes the folder.
///
/// The server gets SIGQUIT, PostgreSQL's immediate shutdown: nothing in it is worth a checkpoint. A process
/// that is killed during its first start may leave an `initdb` that still writes, hence the repetition.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
while read -r _; do :; done
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    for file in "$1"/*/postmaster.pid; do
        [ -f "$file" ] || continue
        pid=$(sed -n 1p "$file")
        socket_folder=$(sed -n 5p "$file")
        kill -QUIT "$pid"
        for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            kill -0 "$pid" || break
            sleep 0.1
        done
        case "$socket_folder" in "$1"/*|'') ;; *) rmdir "$socket_folder" ;; esac
    done
    rm -rf "$1" && [ ! -e "$1" ] && exit
    sleep 0.5
done
"#;

/// A process that removes a folder, and stops the server in it, when this process ends.
///
/// It holds the reading end of a pipe whose only writing end is here: the kernel closes that when the process
/// ends, also when it is killed. The watchdog is in a process group of its own, so Ctrl-C doesn't reach it, and
/// has none of the test runner's output, which would keep the runner waiting.
#[derive(Debug)]
pub(crate) struct Watchdog {
    _lifeline: Option<ChildStdin>,
}

impl Watchdog {
    pub(crate) fn over(folder: &Path) -> io::Result<Self> {
        let mut watchdog = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "daybook-testkit-watchdog"])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { _lifeline: watchdog.stdin.take() })
    }
}
