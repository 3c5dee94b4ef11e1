//! `daybook models compile`

use anyhow::Context;
use clap::{Args, ValueEnum};
use daybook_model::{Dialect, PartitionDate};

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

    /// In the SQL of this back end
    #[arg(long, value_enum, default_value_t)]
    dialect: BackEnd,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum BackEnd {
    /// DataFusion over Delta Lake tables
    #[default]
    Delta,
    /// Snowflake, which may refuse what it understands otherwise
    Snowflake,
}

impl From<BackEnd> for Dialect {
    fn from(back_end: BackEnd) -> Self {
        match back_end {
            BackEnd::Delta => Self::Delta,
            BackEnd::Snowflake => Self::Snowflake,
        }
    }
}

pub(super) fn execute(daybook: &Daybook, args: &CompileArgs) -> anyhow::Result<Outcome> {
    let registry = daybook.registry()?;
    let model = find(&registry, &args.name)?;
    let (first, last) = match (args.date, args.from.zip(args.to)) {
        (Some(date), _) => (date, date),
        (None, Some(range)) => range,
        (None, None) => anyhow::bail!("name the date: --date, or --from and --to"),
    };
    let dates = PartitionDate::range(first, last).collect();
    let compiled = model.compile(&dates, args.dialect.into());
    output::line(&compiled.with_context(|| model.file.clone())?)?;
    Ok(Outcome::Done)
}
