//! An S3 server: moto, which keeps everything in memory.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use crate::TestkitError;
use crate::error::refused;
use crate::python::python_with;

const REQUIREMENTS: &str = include_str!("moto-requirements.txt");
const PROGRAM: &str = include_str!("moto.py");

/// The process's server: started by the first test that needs a bucket, gone when the process ends.
static SERVER: OnceLock<Result<Moto, String>> = OnceLock::new();

/// A server of this process.
#[derive(Debug)]
pub(crate) struct Moto {
    port: u16,
    /// The server ends when this pipe does; the kernel closes it when this process ends, also when it is killed.
    _lifeline: Option<ChildStdin>,
}

impl Moto {
    /// Starts the server, and installs it if need be, when nobody has. Blocks.
    pub(crate) fn get() -> Result<&'static Self, TestkitError> {
        let started = SERVER.get_or_init(|| Self::start().map_err(|error| error.to_string()));
        started.as_ref().map_err(|error| TestkitError::Bucket(error.clone()))
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// In a process group of its own, so that Ctrl-C lets the tests end first, and without the test runner's output,
    /// which would keep the runner waiting.
    fn start() -> Result<Self, TestkitError> {
        let python = python_with("moto", REQUIREMENTS)?;
        let mut server = Command::new(&python)
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(refused("run", &python))?;
        let mut port = String::new();
        if let Some(output) = server.stdout.take() {
            BufReader::new(output).read_line(&mut port).map_err(refused("listen to", &python))?;
        }
        let port = port.trim().parse().map_err(|_| {
            TestkitError::Bucket(format!("moto does not start: try {} -m moto.server", python.display()))
        })?;
        Ok(Self { port, _lifeline: server.stdin.take() })
    }
}
