//! Tells others, by OpenLineage events, what a close reads and writes. Whatever becomes of the events, the close goes on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::TimeDelta;
use daybook_model::openlineage::{BuiltTable, LineageRun, Places, Transition};
use daybook_model::{Clock, Registry};
use daybook_pipeline::StepReport;
use serde_json::Value;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::config::Config;
use crate::daybook::Daybook;
use crate::post::Receiver;

/// How long a run waits in the end for its events to get through.
const LAST_WAIT: Duration = Duration::from_secs(30);

/// The database that the embedded ODS is.
const EMBEDDED_ODS: &str = "postgres://localhost/daybook";

/// The events of one run, if anybody is to get them.
pub(crate) struct Lineage(Option<Events>);

struct Events {
    run: LineageRun,
    registry: Arc<Registry>,
    places: Places,
    clock: Clock,
    /// On their way, in their order.
    sender: UnboundedSender<String>,
    delivery: JoinHandle<()>,
}

impl Lineage {
    /// The run of a `job` begins; its events are delivered meanwhile.
    pub(crate) fn begin(daybook: &Daybook, job: &str) -> anyhow::Result<Self> {
        let receivers = Receivers::configured(&daybook.config)?;
        if receivers.0.is_empty() {
            return Ok(Self(None));
        }
        let ods = daybook.config.ods.url.as_deref().unwrap_or(EMBEDDED_ODS);
        let (sender, events) = unbounded_channel();
        let events = Events {
            run: LineageRun {
                id: Uuid::new_v4().to_string(),
                namespace: daybook.config.openlineage.namespace.clone(),
                job: job.to_owned(),
            },
            registry: daybook.registry()?,
            // the error would show the URL, and its password with it
            places: Places::new(daybook.config.warehouse_url()?.as_str(), ods)
                .map_err(|_| anyhow::anyhow!("[ods] url is not a URL, so its tables have no names"))?,
            clock: daybook.clock,
            sender,
            delivery: tokio::spawn(receivers.deliver(events)),
        };
        events.send(&events.run.event(Transition::Start, events.clock.now()));
        Ok(Self(Some(events)))
    }

    /// A step of the run has ended; one that built a table is told.
    pub(crate) fn step(&self, step: &StepReport) {
        let Some(events) = &self.0 else { return };
        let Some(model) = events.registry.get(&step.name) else { return };
        let table = BuiltTable {
            registry: &events.registry,
            model,
            places: &events.places,
            rows: step.metrics["rows"].as_u64(),
        };
        let run = LineageRun {
            id: Uuid::new_v4().to_string(),
            job: format!("{}.{}", events.run.job, step.name),
            ..events.run.clone()
        };
        let ended = events.clock.now();
        let took =
            Duration::try_from_secs_f64(step.seconds).ok().and_then(|took| TimeDelta::from_std(took).ok());
        for event in run.built(&events.run, &table, ended - took.unwrap_or_default(), ended) {
            events.send(&event);
        }
    }

    /// The run has ended; waits a while for its last events to get through.
    pub(crate) async fn end(self, transition: Transition<'_>) {
        let Some(events) = self.0 else { return };
        events.send(&events.run.event(transition, events.clock.now()));
        drop(events.sender);
        if timeout(LAST_WAIT, events.delivery).await.is_err() {
            tracing::warn!("not all lineage events got through within {} s", LAST_WAIT.as_secs());
        }
    }
}

impl Events {
    fn send(&self, event: &Value) {
        // it is received until this sender is gone
        let _ = self.sender.send(event.to_string());
    }
}

/// Who gets the events, each in turn.
struct Receivers(Vec<To>);

enum To {
    File(PathBuf),
    Post(Receiver),
}

impl Receivers {
    fn configured(config: &Config) -> anyhow::Result<Self> {
        let config = &config.openlineage;
        let key = config.api_key.clone();
        let receiver = config.target()?.map(|url| Receiver::new(url, key)).transpose()?;
        Ok(Self(config.file.clone().map(To::File).into_iter().chain(receiver.map(To::Post)).collect()))
    }

    /// Delivers all `events`. A receiver that misses one gets no more of this run: the first error is worth a warning,
    /// a row of them is not worth the wait.
    async fn deliver(mut self, mut events: UnboundedReceiver<String>) {
        while let Some(event) = events.recv().await {
            let mut reached = Vec::new();
            for receiver in self.0 {
                match receiver.deliver(&event).await {
                    Ok(()) => reached.push(receiver),
                    Err(error) => {
                        let (name, error) = (receiver.name(), format!("{error:#}"));
                        tracing::warn!(receiver = name, error, "lineage does not get to {name}: {error}");
                    }
                }
            }
            self.0 = reached;
        }
    }
}

impl To {
    async fn deliver(&self, event: &str) -> anyhow::Result<()> {
        match self {
            Self::File(file) => append(file, event).await,
            Self::Post(receiver) => receiver.send(event).await,
        }
    }

    fn name(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::Post(receiver) => receiver.host().to_owned(),
        }
    }
}

/// Adds a line in one write, so that those of several processes do not mix.
async fn append(file: &Path, line: &str) -> anyhow::Result<()> {
    let mut opened =
        OpenOptions::new().create(true).append(true).open(file).await.context("cannot be opened")?;
    opened.write_all(format!("{line}\n").as_bytes()).await?;
    Ok(opened.flush().await?)
}
