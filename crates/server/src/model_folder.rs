//! The folder of the user's own models.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use daybook_model::{ModelFiles, Registry};

use crate::config::Models;

/// The folder that is read when none is configured.
const DEFAULT: &str = "models";

/// Where the user's models are, or will be.
pub(crate) fn path(config: &Models) -> PathBuf {
    config.dir.clone().unwrap_or_else(|| DEFAULT.into())
}

/// The models that ship, and over them the user's.
pub(crate) fn registry(config: &Models) -> anyhow::Result<Registry> {
    let folder = path(config);
    let mut files = ModelFiles::new();
    if folder.is_dir() {
        read(&folder, &folder, &mut files)?;
    } else if config.dir.is_some() {
        bail!("there is no folder {}: check [models] dir", folder.display());
    }
    Ok(Registry::with_folder(&folder.to_string_lossy(), &files)?)
}

/// Every `.sql` and `.yml` file of `folder` and the folders in it; what begins with a dot is left alone.
fn read(root: &Path, folder: &Path, files: &mut ModelFiles) -> anyhow::Result<()> {
    let failed = || format!("cannot read the models in {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let path = entry.path();
        let name = entry.file_name();
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().with_context(failed)?.is_dir() {
            read(root, &path, files)?;
            continue;
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sql" | "yml") => {
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                let below = path.strip_prefix(root).unwrap_or(&path);
                files.insert(below.to_string_lossy().into_owned(), text);
            }
            Some("yaml") => bail!("{}: call it .yml", path.display()),
            _ => {}
        }
    }
    Ok(())
}
