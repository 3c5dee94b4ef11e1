//! `daybook models build`

use std::collections::BTreeSet;

use clap::Args;
use daybook_model::Model;
use daybook_pipeline::Close;

use super::super::closing::build_with_close;
use super::super::run;
use super::{Outcome, Reporting, Selection};
use crate::daybook::Daybook;
use crate::output;

/// Builds tables again for all their dates, from the replica that is published, and publishes them all at once.
///
/// Without `--select`: the tables whose models are new or changed, or read such a model. A close builds those, too. What
/// selected models read is built as well where it is out of date. Views need no building.
#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    #[command(flatten)]
    selection: Selection,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &BuildArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let selected = match args.selection.select.is_empty() {
        true => BTreeSet::new(),
        false => args.selection.of(&registry)?,
    };
    let built = |name: &String| registry.get(name).is_some_and(Model::is_rebuildable);
    if !selected.is_empty() && !selected.iter().any(built) {
        output::remark(
            "nothing to build: views are computed when they are asked, and the replica is what a close merges",
        );
        return Ok(Outcome::Done);
    }
    let building = async |close: Close<'_>| close.rebuild(&selected).await;
    let report = build_with_close(daybook, "build", "building", reporting, building).await?;
    run::report(&report, reporting)?;
    Ok(Outcome::Done)
}
