//! `daybook init`

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};

pub(super) async fn execute(daybook: &Daybook, reporting: Reporting) -> anyhow::Result<Outcome> {
    let warehouse = daybook.warehouse()?;
    let opened = daybook.open_ods().await?;
    warehouse.create().await?;
    let server = opened.local.as_ref().map(|local| local.connect_command());
    opened.close().await?;
    let ods = match server {
        Some(command) => format!("embedded; while Daybook runs: {command}"),
        None => "as configured in [ods] url".to_owned(),
    };
    let rows = [
        vec!["operational data store".to_owned(), ods],
        vec!["warehouse".to_owned(), daybook.config.warehouse_url()?.to_string()],
    ];
    if reporting.format != Format::Table || !reporting.quiet {
        output::print_rows(reporting.format, &["part", "ready"], &rows)?;
    }
    Ok(Outcome::Done)
}
