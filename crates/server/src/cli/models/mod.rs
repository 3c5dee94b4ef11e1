//! `daybook models`

mod build;
mod check;
mod compile;
mod docs;
mod list;
mod new;
mod show;
mod test;

use clap::{Args, Subcommand};
use daybook_model::{Model, Registry};

use super::{Outcome, Reporting};
use crate::daybook::Daybook;

/// Works with models: those that ship with Daybook, and those of the user's folder `models`.
#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Look for mistakes in the models, without any data: files, references, columns, queries
    Check,
    /// List the models
    List(list::ListArgs),
    /// Show a model: what it is, its columns, its tests, what it reads and what reads it
    Show(show::ShowArgs),
    /// Print a model's SQL for some dates, as a back end runs it
    Compile(compile::CompileArgs),
    /// Write a site that documents the models, for a browser
    Docs(docs::DocsArgs),
    /// Run unit tests, which need no data, and test what is published
    Test(test::TestArgs),
    /// Begin a model: a SQL file, and the YAML file beside it
    New(new::NewArgs),
    /// Build tables again from what is published, and publish them; without names, those that are new or changed
    Build(build::BuildArgs),
}

/// Which models are meant.
#[derive(Debug, Args)]
struct Selection {
    /// Only these models: `name`, `name+` with all that depends on it, `+name` with all that it depends on
    #[arg(long, value_name = "NAME", num_args = 1..)]
    select: Vec<String>,
}

impl Selection {
    fn of(&self, registry: &Registry) -> anyhow::Result<std::collections::BTreeSet<String>> {
        registry.select(&self.select).map_err(anyhow::Error::msg)
    }
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &ModelsArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    match &args.command {
        ModelsCommand::Check => check::execute(daybook, reporting).await,
        ModelsCommand::List(args) => list::execute(daybook, args, reporting),
        ModelsCommand::Show(args) => show::execute(daybook, args, reporting),
        ModelsCommand::Compile(args) => compile::execute(daybook, args),
        ModelsCommand::Docs(args) => docs::execute(daybook, args, reporting),
        ModelsCommand::Test(args) => test::execute(daybook, args, reporting).await,
        ModelsCommand::New(args) => new::execute(daybook, args, reporting),
        ModelsCommand::Build(args) => build::execute(daybook, args, reporting).await,
    }
}

/// The model of that name.
fn find<'a>(registry: &'a Registry, name: &str) -> anyhow::Result<&'a Model> {
    let found = registry.get(name);
    found.ok_or_else(|| {
        anyhow::anyhow!("there is no model '{name}': `daybook models list` shows which there are")
    })
}
