//! `daybook explain`

use clap::Args;
use daybook_warehouse::TableScan;

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};

/// Runs a query and says how much of each table it had to read: files and row groups, of how many there are.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// One SQL query, such as "select * from dim_customer_orders where customer_id = 'c1'"
    sql: String,
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &ExplainArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let explanation = daybook.warehouse()?.explain(&args.sql).await?;
    if reporting.format == Format::Json {
        output::json(&explanation)?;
        return Ok(Outcome::Done);
    }
    let headers = ["table", "files read", "files", "row groups read", "row groups", "KiB read"];
    let row = |scan: &TableScan| {
        let counts = [
            scan.files_read,
            scan.files,
            scan.row_groups_read,
            scan.row_groups,
            scan.bytes_read.div_ceil(1024),
        ];
        std::iter::once(scan.table.clone()).chain(counts.iter().map(ToString::to_string)).collect()
    };
    output::print_rows(reporting.format, &headers, &explanation.tables.iter().map(row).collect::<Vec<_>>())?;
    if !reporting.quiet {
        output::remark(&format!("{} rows in the answer", explanation.rows));
    }
    Ok(Outcome::Done)
}
