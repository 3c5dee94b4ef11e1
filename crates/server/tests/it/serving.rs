//! A process that serves, and what it logs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::support::{Folder, send};

const PATIENCE: Duration = Duration::from_secs(60);

/// `daybook serve`; it is told to end when this is dropped.
pub(crate) struct Serving {
    child: Child,
    lines: Receiver<String>,
    log: String,
}

impl Folder {
    /// Serves with these `DAYBOOK_…` variables and no others.
    pub(crate) fn serve(&self, variables: &[(&str, &str)]) -> Serving {
        let mut child =
            self.command(variables, &["serve"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let logged = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            logged.map_while(Result::ok).for_each(|line| {
                let _ = sender.send(line);
            });
        });
        Serving { child, lines, log: String::new() }
    }
}

impl Serving {
    /// Waits for the next line of the log that has this part.
    pub(crate) fn wait_for(&mut self, part: &str) -> String {
        loop {
            match self.next_line() {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(problem) => panic!("'{part}' did not come ({problem}):\n{}", self.log),
            }
        }
    }

    /// Tells it to end; gives its exit code and all that it has logged.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        send("TERM", &self.child.id().to_string());
        loop {
            match self.next_line() {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end:\n{}", self.log),
            }
        }
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.log))
    }

    fn next_line(&mut self) -> Result<String, RecvTimeoutError> {
        let line = self.lines.recv_timeout(PATIENCE)?;
        self.log.push_str(&line);
        self.log.push('\n');
        Ok(line)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            send("TERM", &self.child.id().to_string());
            while self.next_line().is_ok() {}
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
