//! An S3 server: moto, which keeps everything in memory.

use std::sync::OnceLock;

use crate::TestkitError;
use crate::python::python_with;
use crate::python_server::PythonServer;

const REQUIREMENTS: &str = include_str!("moto-requirements.txt");
const PROGRAM: &str = include_str!("moto.py");

/// The process's server: started by the first test that needs a bucket, gone when the process ends.
static SERVER: OnceLock<Result<Moto, String>> = OnceLock::new();

/// A server of this process.
#[derive(Debug)]
pub(crate) struct Moto {
    server: PythonServer,
}

impl Moto {
    /// Starts the server, and installs it if need be, when nobody has. Blocks.
    pub(crate) fn get() -> Result<&'static Self, TestkitError> {
        let started = SERVER.get_or_init(|| Self::start().map_err(|error| error.to_string()));
        started.as_ref().map_err(|error| TestkitError::Bucket(error.clone()))
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> String {
        self.server.address()
    }

    fn start() -> Result<Self, TestkitError> {
        let python = python_with("moto", REQUIREMENTS)?;
        Ok(Self { server: PythonServer::start(&python, PROGRAM, &[])? })
    }
}
