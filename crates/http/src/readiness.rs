//! Whether the process can do its work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use daybook_ods::OdsError;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::app::App;

/// How long an answer is good. Whoever asks needs no token, so asking often must cost nothing.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// How long a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

const TOO_SLOW: &str = "it does not answer in time";

/// The last answer, which one caller finds out for all who ask at the same time.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Arc<Report>)>>);

/// What is ready, and of what is not, why.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) ready: bool,
    checks: [Check; 2],
}

#[derive(Serialize)]
struct Check {
    name: &'static str,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'static str>,
}

impl Readiness {
    pub(crate) async fn ask(&self, app: &App) -> Arc<Report> {
        let mut last = self.0.lock().await;
        if let Some((_, report)) = last.as_ref().filter(|(asked, _)| asked.elapsed() < GOOD_FOR) {
            return Arc::clone(report);
        }
        let (ods, books) = tokio::join!(check_ods(app), check_books(app));
        let checks = [Check::of("ods", ods), Check::of("warehouse", books)];
        let report = Arc::new(Report { ready: checks.iter().all(|check| check.ready), checks });
        *last = Some((Instant::now(), Arc::clone(&report)));
        report
    }
}

impl Check {
    fn of(name: &'static str, result: Result<(), &'static str>) -> Self {
        Self { name, ready: result.is_ok(), problem: result.err() }
    }
}

/// The answer names no server and no user; the log does.
async fn check_ods(app: &App) -> Result<(), &'static str> {
    let Some(ods) = app.services().ods.get() else { return Err("PostgreSQL could not be reached yet") };
    let error = match timeout(PATIENCE, ods.check_connection()).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error,
        Err(_) => return Err(TOO_SLOW),
    };
    tracing::warn!(part = "ods", %error, "not ready: {error}");
    Err(match error {
        OdsError::Unreachable { .. } => "PostgreSQL does not answer",
        OdsError::ConnectionRefused { .. } => "PostgreSQL refuses the user, the password or the database",
        OdsError::Full { .. } => "PostgreSQL has no connection left",
        _ => "PostgreSQL failed: the log tells how",
    })
}

async fn check_books(app: &App) -> Result<(), &'static str> {
    let error = match timeout(PATIENCE, app.services().books.check()).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error,
        Err(_) => return Err(TOO_SLOW),
    };
    tracing::warn!(part = "warehouse", %error, "not ready: {error}");
    Err("the published books cannot be read: the log tells why")
}
