//! Tells others, by OpenLineage events, what a close reads and writes. Whatever becomes of the events, the close goes on.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use chrono::{NaiveDateTime, TimeDelta};
use daybook_model::openlineage::{BuiltTable, LineageRun, Places, Transition};
use daybook_model::{Registry, step};
use daybook_pipeline::StepReport;
use futures::future::join_all;
use serde_json::Value;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::Uuid;

use crate::config::{Backend, Config, Snowflake};
use crate::daybook::Daybook;
use crate::output;
use crate::post::Receiver;

/// The database that the embedded ODS is.
const EMBEDDED_ODS: &str = "postgres://localhost/daybook";

/// The deliveries under way: they outlive their runs.
static DELIVERIES: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Waits until all events have got through, but no longer than that.
pub(crate) async fn deliver_rest(patience: Duration) {
    let deliveries = std::mem::take(&mut *locked(&DELIVERIES));
    if timeout(patience, join_all(deliveries)).await.is_err() {
        tracing::warn!("not all lineage events got through within {} s", patience.as_secs());
    }
}

/// The events of one run, if anybody is to get them. A run that is dropped is told to be aborted.
pub(crate) struct Lineage(Option<Events>);

struct Events {
    run: LineageRun,
    registry: Arc<Registry>,
    places: Places,
    began: (NaiveDateTime, Instant),
    sender: UnboundedSender<String>,
    told: Mutex<Told>,
}

/// What was told of a run, and what is to be told.
#[derive(Default)]
struct Told {
    started: bool,
    ended: bool,
    /// Of tables that were built, and that nobody reads before they are published.
    built: Vec<Value>,
}

impl Lineage {
    /// The run of a `job` that is about to begin; its events are delivered meanwhile.
    pub(crate) fn begin(daybook: &Daybook, job: &str) -> anyhow::Result<Self> {
        let receivers = Receivers::configured(&daybook.config)?;
        if receivers.0.is_empty() {
            return Ok(Self(None));
        }
        let ods = daybook.config.ods.url.as_deref().unwrap_or(EMBEDDED_ODS);
        let (sender, events) = unbounded_channel();
        let events_of_run = Events {
            run: LineageRun {
                id: Uuid::new_v4().to_string(),
                namespace: daybook.config.openlineage.namespace.clone(),
                job: job.to_owned(),
            },
            registry: daybook.registry()?,
            places: places(&daybook.config, ods)?,
            began: (daybook.clock.now(), Instant::now()),
            sender,
            told: Mutex::default(),
        };
        let mut deliveries = locked(&DELIVERIES);
        deliveries.retain(|delivery| !delivery.is_finished());
        deliveries.push(tokio::spawn(receivers.deliver(events)));
        Ok(Self(Some(events_of_run)))
    }

    /// A step of the run has ended. The tables that it built are told once they are published.
    pub(crate) fn step(&self, step: &StepReport) {
        let Some(events) = &self.0 else { return };
        events.start();
        if step.name == step::PUBLISH {
            std::mem::take(&mut locked(&events.told).built).iter().for_each(|event| events.send(event));
        }
        let built = events.of_table(step);
        locked(&events.told).built.extend(built.into_iter().flatten());
    }

    /// The run has ended.
    pub(crate) fn end(self, transition: Transition<'_>) {
        if let Some(events) = &self.0 {
            events.start();
            events.end(transition);
        }
    }

    /// There was no run after all.
    pub(crate) fn forget(self) {
        if let Some(events) = &self.0 {
            locked(&events.told).ended = true;
        }
    }
}

fn places(config: &Config, ods: &str) -> anyhow::Result<Places> {
    // the error would show the URL, and its password with it
    let places = Places::new(config.warehouse_url()?.as_str(), ods)
        .map_err(|_| anyhow::anyhow!("[ods] url is not a URL, so its tables have no names"))?;
    let Snowflake { account, database, schema, .. } = &config.snowflake;
    Ok(match (config.warehouse.backend, account, database) {
        (Backend::Snowflake, Some(account), Some(database)) => places.in_snowflake(account, database, schema),
        _ => places,
    })
}

impl Events {
    fn start(&self) {
        if !std::mem::replace(&mut locked(&self.told).started, true) {
            self.send(&self.run.event(Transition::Start, self.began.0));
        }
    }

    fn end(&self, transition: Transition<'_>) {
        locked(&self.told).ended = true;
        self.send(&self.run.event(transition, self.now()));
    }

    fn of_table(&self, step: &StepReport) -> Option<[Value; 2]> {
        let model = self.registry.get(&step.name)?;
        let table = BuiltTable {
            registry: &self.registry,
            model,
            places: &self.places,
            rows: step.metrics["rows"].as_u64(),
        };
        let run = LineageRun {
            id: Uuid::new_v4().to_string(),
            job: format!("{}.{}", self.run.job, step.name),
            ..self.run.clone()
        };
        let ended = self.now();
        let took = Duration::try_from_secs_f64(step.seconds).unwrap_or_default();
        Some(run.built(&self.run, &table, ended - length(took), ended))
    }

    /// By a clock that stands still, a run takes its time all the same.
    fn now(&self) -> NaiveDateTime {
        self.began.0 + length(self.began.1.elapsed())
    }

    fn send(&self, event: &Value) {
        // it is received until this sender is gone
        let _ = self.sender.send(event.to_string());
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let told = locked(&self.told);
        let is_under_way = told.started && !told.ended;
        drop(told);
        if is_under_way {
            self.end(Transition::Abort);
        }
    }
}

fn length(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or_default()
}

/// Nothing is left half done by who panics with it in hand.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
                        let (name, error) = (receiver.name(), output::in_a_line(&error));
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
