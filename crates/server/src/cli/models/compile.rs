//! `daybook models compile`

use clap::Args;
use daybook_model::PartitionDate;

use super::{Outcome, find};
use crate::daybook::Daybook;
use crate::output;

#[derive(Debug, Args)]
pub(super) struct CompileArgs {
    /// The model
    name: String,

    /// For this date
    #[arg(long, value_name = "DATE", required_unless_present = "from", conflicts_with_all = ["from", "to"])]
    date: Option<PartitionDate>,

    /// From this date on
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<PartitionDate>,

    /// Up to this date
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<PartitionDate>,
}

pub(super) fn execute(daybook: &Daybook, args: &CompileArgs) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let model = find(&registry, &args.name)?;
    let (first, last) = match (args.date, args.from.zip(args.to)) {
        (Some(date), _) => (date, date),
        (None, Some(range)) => range,
        (None, None) => anyhow::bail!("name the date: --date, or --from and --to"),
    };
    output::line(&model.compile(&PartitionDate::range(first, last).collect())?);
    Ok(Outcome::Done)
}
