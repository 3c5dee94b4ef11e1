//! `daybook models new`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;
use daybook_model::step;

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::{model_folder, output};

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The model's name, which is that of its table or view
    name: String,
}

const SQL: &str = "\
select
    partition_date,
    count(*) as orders
from int_order_payments
where is_paid
group by partition_date
";

const YAML: &str = "\
description: Say what a row tells, and to whom.
owner: Say who answers for it.
kind: view
grain: one row a date
key: [partition_date]
columns:
  - {name: partition_date, data_type: date, description: The business date of the orders.}
  - name: orders
    data_type: bigint
    description: Paid orders.
    data_tests: [non_negative]
unit_tests:
  - name: only_paid_orders_count
    given:
      - input: int_order_payments
        rows:
          - {partition_date: 2024-03-01, order_id: o1, is_paid: true}
          - {partition_date: 2024-03-01, order_id: o2, is_paid: false}
    expect:
      rows:
        - {partition_date: 2024-03-01, orders: 1}
";

pub(super) fn execute(daybook: &Daybook, args: &NewArgs, reporting: Reporting) -> anyhow::Result<Outcome> {
    let name = &args.name;
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if !is_name {
        bail!("'{name}' is no name for a table: use lower-case letters, digits and _, a letter first");
    }
    if step::has_name(name) {
        bail!(
            "'{name}' is the name of a step of the close, by which runs are recorded: call the model otherwise"
        );
    }
    if daybook.registry()?.columns(name).is_some() {
        bail!(
            "there is a model or source '{name}' already: to override a shipped one, begin with a copy of its files"
        );
    }
    let folder = model_folder::path(&daybook.config.models);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (extension, content) in [("sql", SQL), ("yml", YAML)] {
        let path = folder.join(format!("{name}.{extension}"));
        write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        if !reporting.quiet {
            output::remark(&format!("wrote {}", path.display()));
        }
    }
    Ok(Outcome::Done)
}

/// Writes a file that is not there yet.
fn write(path: &Path, content: &str) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(content.as_bytes())
}
