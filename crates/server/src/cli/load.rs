//! `daybook load`

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use daybook_ods::{LoadEvent, LoadOptions, LoadReport, Ods, OdsError};
use url::Url;

use super::{Outcome, Reporting};
use crate::config;
use crate::daybook::Daybook;
use crate::output::{self, Progress};

/// Loads what has not been loaded before; the same content twice changes nothing.
///
/// Rows that break the contract are kept aside with the reason, and rows whose parent is missing wait for it:
/// `daybook status` counts both. With `--format json` the answer is `{"summary": {…}, "loads": […]}`; of batches that
/// were loaded before, only the summary tells.
#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Batch directories, folders of them, or event files (transactions*.ndjson, variant_updates*.ndjson, also
    /// .gz and .zst); paths, file:// or s3:// [default: the landing place]
    #[arg(value_name = "URI")]
    uris: Vec<String>,
}

/// What there is to load.
pub(super) enum Work {
    Batches(Vec<Url>),
    /// Rejected rows that were corrected.
    Corrections(Url),
}

impl Work {
    async fn perform(
        &self,
        ods: &Ods,
        options: &LoadOptions,
        note: &(dyn Fn(LoadEvent<'_>) + Sync),
    ) -> Result<(), OdsError> {
        match self {
            Self::Batches(uris) => {
                for uri in uris {
                    ods.load(uri, options, note).await?;
                }
            }
            Self::Corrections(uri) => {
                ods.replay_rejects(uri, options, note).await?;
            }
        }
        Ok(())
    }
}

pub(super) async fn execute(
    daybook: &Daybook,
    args: &LoadArgs,
    reporting: Reporting,
) -> anyhow::Result<Outcome> {
    let uris: Vec<Url> = if args.uris.is_empty() {
        vec![daybook.config.landing_url()?]
    } else {
        args.uris.iter().map(|uri| config::location(uri)).collect::<Result<_, _>>()?
    };
    load(daybook, &Work::Batches(uris), reporting).await
}

/// Loads, showing how far it is, and prints what came of it.
pub(super) async fn load(daybook: &Daybook, work: &Work, reporting: Reporting) -> anyhow::Result<Outcome> {
    let options = daybook.load_options()?;
    let opened = daybook.open_ods().await?;
    let started = Instant::now();
    let progress = Progress::start("loading", reporting.quiet);
    // of a load that fails, what was stored before counts too
    let done = Mutex::new(Vec::new());
    let note = |event: LoadEvent<'_>| match event {
        LoadEvent::Read { bytes, rows, rejected } => progress.read(bytes, rows, rejected),
        LoadEvent::Done(report) => {
            progress.done();
            done.lock().unwrap_or_else(PoisonError::into_inner).push(report.clone());
        }
    };
    let failure = work.perform(&opened.ods, &options, &note).await.err();
    let duration = started.elapsed();
    progress.end();
    opened.close().await?;
    let reports = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failure.is_none() || !reports.is_empty() {
        output::print_loads(reporting.format, reporting.quiet, &reports, duration)?;
    }
    match failure {
        Some(error) => Err(error.into()),
        None if reports.iter().any(LoadReport::is_refused) => Ok(Outcome::SomeRefused),
        None => Ok(Outcome::Done),
    }
}
