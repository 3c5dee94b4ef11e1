//! Does the loads that were asked for, one after the other.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use daybook_ods::{ClaimedLoad, LoadOutcome, LoadReport, Ods, OdsError};
use futures::FutureExt;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::server::Services;

/// How long a request waits at most that nobody told this process of: another process took it and died.
const LOOK: Duration = Duration::from_secs(10);

/// Loads until told to stop; a batch that is being loaded at that moment is dropped, and its request taken up again.
pub(crate) async fn keep_running(services: Services, stop: CancellationToken) {
    stop.run_until_cancelled(async {
        loop {
            if let Some(ods) = services.ods.get() {
                work_off(ods, &services).await;
            }
            let _ = tokio::time::timeout(LOOK, services.wake_loader.notified()).await;
        }
    })
    .await;
}

async fn work_off(ods: &Ods, services: &Services) {
    // what cannot be done now must not stop what was asked for after it
    let mut put_off = Vec::new();
    loop {
        let claimed = match ods.claim_load(&put_off).await {
            Ok(Some(claimed)) => claimed,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%error, "cannot work on requested loads: {error}");
                return;
            }
        };
        let id = claimed.request.id;
        let problem = match AssertUnwindSafe(load(claimed, ods, services)).catch_unwind().await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it died of a defect".to_owned(),
        };
        tracing::error!(id, "a requested load is put off: {problem}");
        put_off.push(id);
    }
}

/// Loads what was asked for. An error says that it stays to be done: what it needs is away, or its result is not taken.
async fn load(claimed: ClaimedLoad, ods: &Ods, services: &Services) -> Result<(), OdsError> {
    let (id, uri) = (claimed.request.id, claimed.request.uri.clone());
    tracing::info!(id, uri, "loading {uri}");
    let loaded = match uri.parse::<Url>() {
        Ok(url) => ods.load(&url, &services.load_options, &|_| ()).await,
        Err(error) => Err(OdsError::Location { uri: uri.clone(), reason: error.to_string() }),
    };
    let now = services.clock.now();
    match loaded {
        Ok(reports) => {
            tracing::info!(id, uri, batches = reports.len(), "loaded {uri}");
            claimed.finish(&to_json(&reports), None, now).await
        }
        Err(error) if error.may_pass() => {
            claimed.give_back().await?;
            Err(error)
        }
        Err(error) => {
            tracing::error!(id, uri, %error, "cannot load {uri}: {error}");
            let result = claimed.request.result.clone();
            claimed.finish(&result, Some(&error.to_string()), now).await
        }
    }
}

/// What became of each batch.
pub(crate) fn to_json(reports: &[LoadReport]) -> Value {
    let batch = |report: &LoadReport| {
        let (state, message, load_id) = match &report.outcome {
            LoadOutcome::Loaded { load_id } => ("loaded", None, Some(*load_id)),
            LoadOutcome::AlreadyLoaded => ("already_loaded", None, None),
            LoadOutcome::Waiting { missing, .. } => ("waiting", Some(format!("for {missing}")), None),
            LoadOutcome::Refused { message } => ("refused", Some(message.clone()), None),
        };
        let files = report.files.iter().map(|file| {
            json!({
                "name": file.name, "table": file.table.name(), "rows_read": file.rows_read, "loaded": file.loaded,
                "unchanged": file.unchanged, "rejected": file.rejected, "parked": file.parked,
            })
        });
        json!({
            "uri": report.uri, "state": state, "message": message, "load_id": load_id,
            "files": files.collect::<Vec<_>>(), "healed": report.healed, "warnings": report.warnings,
        })
    };
    reports.iter().map(batch).collect()
}
