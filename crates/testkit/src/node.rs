//! Packages for Node programs that tests need.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::TestkitError;
use crate::error::refused;
use crate::target::{made_once, target_folder};

/// A folder whose `node_modules` holds `package`, such as `name@1.2.3`, for programs that are run in it. It is installed
/// below Cargo's target folder the first time, which takes some seconds and the network. Blocks.
///
/// # Errors
/// When npm isn't there, or the package cannot be installed.
pub fn node_modules(package: &str) -> Result<PathBuf, TestkitError> {
    let tools = target_folder().join("tools");
    made_once(&tools, &format!("node-{package}"), |folder| install(package, &tools, folder))
}

fn install(package: &str, tools: &Path, folder: &Path) -> Result<(), TestkitError> {
    let partial = tempfile::Builder::new().prefix("partial-").tempdir_in(tools);
    let partial = partial.map_err(refused("make a folder in", tools))?;
    let installed = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"])
        .arg(partial.path())
        .arg(package)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| TestkitError::Node(format!("npm cannot be run ({error}): install Node.js")))?;
    if !installed.status.success() {
        let said = String::from_utf8_lossy(&installed.stderr).trim().to_owned();
        return Err(TestkitError::Node(format!("npm cannot install {package} ({said})")));
    }
    std::fs::rename(partial.keep(), folder).map_err(refused("rename", folder))
}
