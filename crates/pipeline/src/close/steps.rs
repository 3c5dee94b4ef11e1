//! The steps of a run as they end.

use std::time::Instant;

use async_trait::async_trait;
use chrono::{NaiveDateTime, TimeDelta};
use serde_json::Value;

use daybook_model::Severity;

use super::StepReport;
use super::audit::TestFailure;
use crate::PipelineError;
use crate::runs::{RunRecord, RunState};

/// Who hears of steps.
#[async_trait]
pub(super) trait Steps: Send {
    /// Notes that a step begins.
    fn begin(&self) -> Started;

    /// Notes a test that does not hold.
    async fn test_failed(&mut self, failure: &TestFailure) -> Result<(), PipelineError>;

    /// Notes that it has ended.
    async fn end(&mut self, name: &str, started: Started, metrics: Value) -> Result<(), PipelineError>;
}

/// When a step began: by the clock that is recorded, and by one that cannot stand still.
pub(super) struct Started {
    instant: Instant,
    at: NaiveDateTime,
}

impl Started {
    pub(super) fn now(at: NaiveDateTime) -> Self {
        Self { instant: Instant::now(), at }
    }

    pub(super) fn report(&self, name: &str, metrics: Value) -> StepReport {
        StepReport { name: name.to_owned(), seconds: self.instant.elapsed().as_secs_f64(), metrics }
    }
}

/// Steps that are written into the run's record, reported, and told to whoever watches.
pub(super) struct RecordedSteps<'a> {
    pub(super) record: RunRecord,
    pub(super) progress: &'a (dyn Fn(&StepReport) + Sync),
    pub(super) reports: Vec<StepReport>,
}

impl RecordedSteps<'_> {
    /// Notes that the run failed of `error`, which matters more than one met while noting it.
    pub(super) async fn failed(&self, error: PipelineError) -> PipelineError {
        if let Err(unnoted) = self.record.finish(RunState::Failed, Some(&error.to_string())).await {
            tracing::warn!(run = self.record.id, error = %unnoted, "could not note that the run failed");
        }
        error
    }
}

#[async_trait]
impl Steps for RecordedSteps<'_> {
    fn begin(&self) -> Started {
        Started::now(self.record.now())
    }

    async fn test_failed(&mut self, failure: &TestFailure) -> Result<(), PipelineError> {
        if failure.severity == Severity::Warn {
            tracing::warn!(
                run = self.record.id,
                test = failure.test,
                rows = failure.failures,
                "{}",
                failure.line()
            );
        }
        self.record.test_failed(failure).await
    }

    async fn end(&mut self, name: &str, started: Started, metrics: Value) -> Result<(), PipelineError> {
        let report = started.report(name, metrics);
        // the clock may stand still, and a step took its time all the same
        let took = TimeDelta::from_std(started.instant.elapsed()).unwrap_or_default();
        self.record.step(name, started.at..started.at + took, &report.metrics).await?;
        tracing::debug!(run = self.record.id, step = name, seconds = report.seconds, "step ended");
        (self.progress)(&report);
        self.reports.push(report);
        Ok(())
    }
}
