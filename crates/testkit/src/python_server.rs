//! Servers that are Python programs.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::TestkitError;
use crate::error::refused;

/// A Python program that listens on a free port, prints it, and ends when its standard input does.
#[derive(Debug)]
pub(crate) struct PythonServer {
    process: Child,
    port: u16,
    output: BufReader<ChildStdout>,
    /// The kernel closes this when the process ends, also when it is killed.
    lifeline: Option<ChildStdin>,
}

impl PythonServer {
    /// Starts it, in a process group of its own, so that Ctrl-C lets the tests end first, and without the test
    /// runner's output, which would keep the runner waiting. Returns once it listens.
    pub(crate) fn start(
        python: &Path,
        program: &str,
        variables: &[(&str, &str)],
    ) -> Result<Self, TestkitError> {
        let mut process = Command::new(python)
            .args(["-c", program])
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(refused("run", python))?;
        let lifeline = process.stdin.take();
        let no_start = || TestkitError::Python(format!("a server of {} does not start", python.display()));
        let mut output = BufReader::new(process.stdout.take().ok_or_else(no_start)?);
        let mut port = String::new();
        output.read_line(&mut port).map_err(refused("listen to", python))?;
        let port = port.trim().parse().map_err(|_| no_start())?;
        Ok(Self { process, port, output, lifeline })
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The next line that it prints, nothing at the end.
    pub(crate) fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for PythonServer {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        // It ends by itself; killing it first spares the wait. Neither can matter any more.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
