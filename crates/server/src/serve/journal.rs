//! What the logs say of batches: each thing once, however often it is found.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use daybook_ods::{FileReport, LoadOutcome, LoadReport, OdsError};

use crate::output;

/// Logs what came of batches, and remembers what it has said.
#[derive(Default)]
pub(super) struct Journal {
    held_back: Mutex<HashMap<String, LoadOutcome>>,
    problem: Mutex<Option<String>>,
}

impl Journal {
    /// Logs what came of a batch, unless that was said before.
    pub(super) fn note(&self, report: &LoadReport) {
        match &report.outcome {
            LoadOutcome::Loaded { load_id } => {
                lock(&self.held_back).remove(&report.uri);
                log_loaded(report, *load_id);
            }
            LoadOutcome::AlreadyLoaded => {
                lock(&self.held_back).remove(&report.uri);
                return;
            }
            outcome => {
                let before = lock(&self.held_back).insert(report.uri.clone(), outcome.clone());
                if before.as_ref() == Some(outcome) {
                    return;
                }
                log_held_back(&report.uri, outcome);
            }
        }
        for warning in &report.warnings {
            tracing::warn!(uri = report.uri, "{}: {warning}", report.uri);
        }
    }

    /// Logs that nothing in the landing place can be loaded, unless that was said before; none when all is well.
    pub(super) fn note_problem(&self, problem: Option<&OdsError>) {
        let problem = problem.map(ToString::to_string);
        let mut said = lock(&self.problem);
        if let Some(problem) = problem.as_ref().filter(|problem| said.as_ref() != Some(problem)) {
            tracing::warn!("{problem}");
        }
        *said = problem;
    }
}

fn log_loaded(report: &LoadReport, load_id: i64) {
    let sum = |count: fn(&FileReport) -> u64| report.files.iter().map(count).sum::<u64>();
    let (uri, healed) = (&report.uri, report.healed);
    let (bytes, rows) = (sum(|file| file.bytes), sum(|file| file.rows_read));
    let (loaded, unchanged) = (sum(|file| file.loaded), sum(|file| file.unchanged));
    let (rejected, parked) = (sum(|file| file.rejected), sum(|file| file.parked));
    tracing::info!(
        uri,
        load_id,
        bytes,
        rows,
        loaded,
        unchanged,
        rejected,
        parked,
        healed,
        "loaded {uri}: {rows} rows"
    );
    if rejected > 0 {
        tracing::warn!(
            uri,
            load_id,
            rejected,
            "{rejected} rows of {uri} break the contract and are kept aside"
        );
    }
}

fn log_held_back(uri: &str, outcome: &LoadOutcome) {
    match outcome {
        LoadOutcome::Refused { message } => tracing::error!(uri, "refused {uri}: {message}"),
        LoadOutcome::Waiting { missing, since, is_overdue: true } => {
            let since = output::utc(*since);
            tracing::warn!(uri, missing, since, "{uri} has waited for {missing} since {since}");
        }
        LoadOutcome::Waiting { missing, .. } => tracing::info!(uri, missing, "{uri} waits for {missing}"),
        LoadOutcome::Loaded { .. } | LoadOutcome::AlreadyLoaded => {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
