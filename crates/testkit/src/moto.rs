//! An S3 server: moto, which keeps everything in memory.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use crate::TestkitError;
use crate::error::refused;
use crate::target::{made_once, target_folder};

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
        let python = installed(&target_folder().join("tools"))?.join("bin/python3");
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

/// The Python environment with moto in it, made below Cargo's target folder the first time, which takes about half a
/// minute and the network.
fn installed(tools: &Path) -> Result<PathBuf, TestkitError> {
    let mut hasher = DefaultHasher::new();
    REQUIREMENTS.hash(&mut hasher);
    made_once(tools, &format!("moto-{:016x}", hasher.finish()), |folder| install(tools, folder))
}

/// Installs beside `folder` and renames, so that a folder of that name is always complete. An environment may be
/// moved as long as its programs are run through its own Python.
fn install(tools: &Path, folder: &Path) -> Result<(), TestkitError> {
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(tools);
    let partial = partial.map_err(refused("make a folder in", tools))?;
    let (environment, requirements) = (partial.path().join("moto"), partial.path().join("requirements.txt"));
    fs::write(&requirements, REQUIREMENTS).map_err(refused("write", &requirements))?;
    let mut venv = Command::new("python3");
    run(
        venv.args(["-m", "venv"]).arg(&environment),
        "python3 cannot make an environment: install it, on Debian: apt-get install python3-venv",
    )?;
    let mut pip = Command::new(environment.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    run(pip.arg("-r").arg(&requirements), "pip cannot install moto from PyPI")?;
    fs::rename(&environment, folder).map_err(refused("rename", &environment))
}

fn run(command: &mut Command, problem: &str) -> Result<(), TestkitError> {
    let failed = |reason: &str| TestkitError::Bucket(format!("{problem} ({})", reason.trim()));
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(&error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    // venv complains on standard output
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(failed(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing")))
}
