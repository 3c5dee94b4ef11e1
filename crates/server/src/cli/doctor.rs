//! `daybook doctor`

use daybook_storage::Storage;
use daybook_warehouse::Check;

use super::{Outcome, Reporting};
use crate::daybook::Daybook;
use crate::output::{self, Format};

pub(super) async fn execute(daybook: &Daybook, reporting: Reporting) -> anyhow::Result<Outcome> {
    let mut checks = vec![data_store(daybook).await, landing(daybook).await];
    match daybook.warehouse() {
        Ok(warehouse) => checks.extend(warehouse.diagnose().await),
        Err(error) => {
            checks.push(Check::failed("warehouse", output::in_a_line(&error), "Correct the configuration."));
        }
    }
    let missing = checks.iter().filter(|check| check.problem.is_some()).count();
    match reporting.format {
        Format::Json => output::json(&checks)?,
        format => {
            output::print_rows(format, &["part", "state"], &checks.iter().map(row).collect::<Vec<_>>())?
        }
    }
    if reporting.format == Format::Table {
        for check in &checks {
            if let Some(remedy) = &check.remedy {
                output::line(&format!("\n{}:\n{remedy}", check.what))?;
            }
        }
    }
    if missing > 0 {
        anyhow::bail!("{missing} of {} part(s) are not ready", checks.len());
    }
    if !reporting.quiet {
        output::remark("all is ready");
    }
    Ok(Outcome::Done)
}

fn row(check: &Check) -> Vec<String> {
    vec![check.what.clone(), check.problem.clone().unwrap_or_else(|| "ready".to_owned())]
}

async fn data_store(daybook: &Daybook) -> Check {
    let what = "operational data store";
    match daybook.open_ods().await {
        Ok(opened) => match opened.close().await {
            Ok(()) => Check::passed(what),
            Err(error) => Check::failed(what, output::in_a_line(&error), "See what the server's log says."),
        },
        Err(error) => Check::failed(
            what,
            output::in_a_line(&error),
            "Check [ods] url, or leave it out: then Daybook starts a PostgreSQL of its own, whose programs have to be \
             installed.",
        ),
    }
}

async fn landing(daybook: &Daybook) -> Check {
    let looked = look_at_landing(daybook).await;
    let url = daybook.config.landing_url().map(|url| url.to_string()).unwrap_or_default();
    let what = format!("landing place {url}");
    match looked {
        Ok(()) => Check::passed(what),
        Err(error) => Check::failed(
            what,
            output::in_a_line(&error),
            "Check [landing] url and the AWS_… variables; s3:GetObject and s3:ListBucket have to be allowed there.",
        ),
    }
}

async fn look_at_landing(daybook: &Daybook) -> anyhow::Result<()> {
    Ok(Storage::open(&daybook.config.landing_url()?, &daybook.config.storage)?.look().await?)
}
