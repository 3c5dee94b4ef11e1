//! Python programs with packages that tests need.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::TestkitError;
use crate::error::refused;
use crate::target::{made_once, target_folder};

/// A Python that has what `requirements` pins, dependencies of dependencies included. It is installed below Cargo's
/// target folder the first time, which takes some seconds and the network. Blocks.
///
/// # Errors
/// When Python isn't there, or a package cannot be installed.
pub fn python_with(name: &str, requirements: &str) -> Result<PathBuf, TestkitError> {
    let tools = target_folder().join("tools");
    let mut hasher = DefaultHasher::new();
    requirements.hash(&mut hasher);
    let folder = format!("{name}-{:016x}", hasher.finish());
    let environment = made_once(&tools, &folder, |folder| install(name, requirements, &tools, folder))?;
    Ok(environment.join("bin/python3"))
}

/// Installs beside `folder` and renames, so that a folder of that name is always complete. An environment may be
/// moved as long as its programs are run through its own Python.
fn install(name: &str, requirements: &str, tools: &Path, folder: &Path) -> Result<(), TestkitError> {
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(tools);
    let partial = partial.map_err(refused("make a folder in", tools))?;
    let (environment, list) = (partial.path().join(name), partial.path().join("requirements.txt"));
    fs::write(&list, requirements).map_err(refused("write", &list))?;
    let mut venv = Command::new("python3");
    run(
        venv.args(["-m", "venv"]).arg(&environment),
        "python3 cannot make an environment: install it, on Debian: apt-get install python3-venv",
    )?;
    let mut pip = Command::new(environment.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
    run(pip.arg("-r").arg(&list), &format!("pip cannot install {name} from PyPI"))?;
    fs::rename(&environment, folder).map_err(refused("rename", &environment))
}

fn run(command: &mut Command, problem: &str) -> Result<(), TestkitError> {
    let failed = |reason: &str| TestkitError::Python(format!("{problem} ({})", reason.trim()));
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(&error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    // venv complains on standard output
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(failed(said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing")))
}
