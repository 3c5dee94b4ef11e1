//! `daybook models docs`

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use daybook_model::docs;

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output;

/// Writes a site that documents the models: every table and column, what it is computed from and used for, its tests,
/// its SQL, with a search. A browser opens it from disk; any web server can offer it.
#[derive(Debug, Args)]
pub(super) struct DocsArgs {
    /// The folder to write it into; files of an earlier site are replaced
    #[arg(long, value_name = "DIR", default_value = "models-docs")]
    output: PathBuf,
}

pub(super) fn execute(daybook: &Daybook, args: &DocsArgs, reporting: Reporting) -> anyhow::Result<Outcome> {
    let files = docs::site(daybook.registry()?.as_ref());
    std::fs::create_dir_all(&args.output)
        .with_context(|| format!("cannot make the folder {}", args.output.display()))?;
    for file in files {
        let path = args.output.join(file.name);
        std::fs::write(&path, file.content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if !reporting.quiet {
        output::remark(&format!("open {} in a browser", args.output.join("index.html").display()));
    }
    Ok(Outcome::Done)
}
