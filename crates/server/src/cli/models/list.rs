//! `daybook models list`

use clap::Args;

use super::{Outcome, Reporting, Selection};
use crate::daybook::Daybook;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn execute(daybook: &Daybook, args: &ListArgs, reporting: Reporting) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let selected = args.selection.of(&registry)?;
    let models = registry.models().iter().filter(|model| selected.contains(&model.name));
    let rows: Vec<_> = models
        .map(|model| {
            vec![
                model.name.clone(),
                model.kind.name().to_owned(),
                model.origin.name().to_owned(),
                model.owner.clone().unwrap_or_default(),
                model.grain.clone(),
            ]
        })
        .collect();
    output::print_rows(reporting.format, &["model", "kind", "origin", "owner", "grain"], &rows)?;
    Ok(Outcome::Done)
}
