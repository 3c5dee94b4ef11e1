//! `daybook status`

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};
use crate::status::Status;

pub(super) async fn execute(daybook: &Daybook, reporting: Reporting) -> anyhow::Result<Outcome> {
    let opened = daybook.open_ods().await?;
    let status = Status::read(daybook, &opened.ods).await;
    opened.close().await?;
    let status = status?;
    match reporting.format {
        Format::Json => output::json(&status.to_json())?,
        format => output::print_rows(format, &["part", "what", "value"], &status.rows())?,
    }
    Ok(Outcome::Done)
}
