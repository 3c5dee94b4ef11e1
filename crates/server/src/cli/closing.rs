//! What the commands about closes share: which days are meant, and the parts that look at them.

use clap::Args;
use daybook_model::PartitionDate;
use daybook_model::openlineage::Transition;
use daybook_pipeline::{Close, ClosePeriod, PipelineError, StepReport};

use super::Reporting;
use crate::daybook::Daybook;
use crate::lineage::Lineage;
use crate::output::{self, Progress};

/// Which days are meant.
#[derive(Debug, Args)]
pub(crate) struct DaysArgs {
    /// Only this day
    #[arg(long, value_name = "DATE", conflicts_with_all = ["from", "to"])]
    date: Option<PartitionDate>,

    /// From this day on
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<PartitionDate>,

    /// Up to this day
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<PartitionDate>,
}

impl DaysArgs {
    /// The first and the last day, if any were named.
    pub(super) fn days(&self) -> Option<(PartitionDate, PartitionDate)> {
        self.date.map(|date| (date, date)).or(self.from.zip(self.to))
    }

    /// The days to close: those named, or every day that is due and not closed.
    pub(super) fn period(&self) -> ClosePeriod {
        self.days().map_or(ClosePeriod::Due, |(from, to)| ClosePeriod::Days { from, to })
    }
}

/// Does `work` that builds tables, and tells of it as a run of `job`.
pub(super) async fn build_with_close<T>(
    daybook: &Daybook,
    job: &str,
    title: &'static str,
    reporting: Reporting,
    work: impl AsyncFnOnce(Close<'_>) -> Result<T, PipelineError>,
) -> anyhow::Result<T> {
    let lineage = Lineage::begin(daybook, job)?;
    let done = open(daybook, title, reporting, &|step| lineage.step(step), work).await;
    match &done {
        Ok(_) => lineage.end(Transition::Complete),
        Err(error) if matches!(error.downcast_ref(), Some(PipelineError::Busy)) => lineage.forget(),
        Err(error) => lineage.end(Transition::Fail(&output::in_a_line(error))),
    }
    done
}

/// Does `work` that only looks.
pub(super) async fn with_close<T>(
    daybook: &Daybook,
    title: &'static str,
    reporting: Reporting,
    work: impl AsyncFnOnce(Close<'_>) -> Result<T, PipelineError>,
) -> anyhow::Result<T> {
    open(daybook, title, reporting, &|_| {}, work).await
}

/// Opens the ODS and the warehouse for `work`, and lets go of them when it has ended, however it ended.
async fn open<T>(
    daybook: &Daybook,
    title: &'static str,
    reporting: Reporting,
    told: &(dyn Fn(&StepReport) + Sync),
    work: impl AsyncFnOnce(Close<'_>) -> Result<T, PipelineError>,
) -> anyhow::Result<T> {
    let registry = daybook.registry()?;
    let warehouse = daybook.warehouse()?;
    let settings = daybook.close_settings()?;
    let opened = daybook.open_ods().await?;
    let progress = Progress::start(title, reporting.quiet);
    let close = Close {
        ods: &opened.ods,
        warehouse: warehouse.as_ref(),
        registry: &registry,
        settings: &settings,
        progress: &|step| {
            progress.step(&step.name);
            told(step);
        },
    };
    let done = work(close).await;
    progress.end();
    opened.close().await?;
    Ok(done?)
}
