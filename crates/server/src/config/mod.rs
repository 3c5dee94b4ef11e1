//! The configuration: built-in defaults, then `daybook.toml`, then `DAYBOOK_…` variables.

mod alert;
mod environment;
mod http;
mod openlineage;
mod schedule;
mod secrets;
mod snowflake;
mod webhooks;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use daybook_model::BusinessTimezone;
use daybook_storage::StorageOptions;
use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use serde::{Deserialize, Serialize};
use url::Url;

pub(crate) use alert::Alert;
pub(crate) use http::Http;
pub(crate) use openlineage::OpenLineage;
pub(crate) use schedule::Schedule;
pub(crate) use snowflake::Snowflake;
pub(crate) use webhooks::Webhooks;

const FILE: &str = "daybook.toml";

/// All that can be configured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The folder of the embedded parts.
    pub(crate) data_dir: PathBuf,
    /// The zone in which business days begin and end.
    pub(crate) business_timezone: String,
    pub(crate) ods: Ods,
    pub(crate) landing: Landing,
    pub(crate) load: Load,
    pub(crate) warehouse: Warehouse,
    pub(crate) snowflake: Snowflake,
    pub(crate) payments: Payments,
    pub(crate) close: Close,
    pub(crate) schedule: Schedule,
    pub(crate) alert: Alert,
    pub(crate) openlineage: OpenLineage,
    pub(crate) retention: Retention,
    pub(crate) models: Models,
    pub(crate) http: Http,
    pub(crate) webhooks: Webhooks,
    /// How to reach object stores: the process's `AWS_…` variables, not a part of the file.
    #[serde(skip)]
    pub(crate) storage: StorageOptions,
}

/// Where the operational data store is; by default a private PostgreSQL in the data folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ods {
    pub(crate) url: Option<String>,
}

/// Where batches arrive; by default `landing` in the data folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Landing {
    pub(crate) url: Option<String>,
    /// Seconds between two looks of `daybook serve` for new batches; 0 for none.
    pub(crate) poll_seconds: u32,
}

/// How batches are loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Load {
    pub(crate) route: Route,
    /// A batch with a greater share of rejected rows is refused whole.
    pub(crate) max_reject_ratio: f64,
    /// Minutes that half a pair may wait for its other half before that is worth a warning.
    pub(crate) pair_patience_minutes: u32,
}

/// Who reads the files of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Route {
    /// Daybook.
    #[serde(rename = "client")]
    Client,
    /// The database server, from S3.
    #[serde(rename = "aws_s3")]
    AwsS3,
}

/// Where closed books live; by default `warehouse` in the data folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Warehouse {
    pub(crate) backend: Backend,
    pub(crate) url: Option<String>,
    /// MiB of rows that all queries of a process may hold in memory together.
    pub(crate) memory_mib: usize,
    /// How many publications stay readable, the last one included.
    pub(crate) keep_publications: usize,
}

/// What keeps the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Backend {
    Delta,
    Snowflake,
}

/// What payments mean.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payments {
    pub(crate) paid_statuses: Vec<String>,
}

/// When a day is closed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    /// Minutes after a day's end before its close is due.
    pub(crate) buffer_minutes: u32,
}

/// How long the ODS keeps what the warehouse holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// Whole business days.
    pub(crate) days: u64,
}

/// The user's own models; by default those of the folder `models`, if there is one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Models {
    pub(crate) dir: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: ".daybook".into(),
            business_timezone: "UTC".to_owned(),
            ods: Ods::default(),
            landing: Landing::default(),
            load: Load { route: Route::Client, max_reject_ratio: 0.5, pair_patience_minutes: 60 },
            warehouse: Warehouse {
                backend: Backend::Delta,
                url: None,
                memory_mib: 2048,
                keep_publications: 30,
            },
            snowflake: Snowflake::default(),
            payments: Payments { paid_statuses: vec!["success".to_owned()] },
            close: Close { buffer_minutes: 120 },
            schedule: Schedule::default(),
            alert: Alert::default(),
            openlineage: OpenLineage::default(),
            retention: Retention { days: 3 },
            models: Models::default(),
            http: Http::default(),
            webhooks: Webhooks::default(),
            storage: StorageOptions::default(),
        }
    }
}

impl Config {
    /// Reads `file`, or `daybook.toml` here if there is one, and the environment.
    pub(crate) fn read(file: Option<&Path>) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        match file {
            Some(file) if !file.is_file() => {
                bail!("there is no configuration file {}: check --config", file.display())
            }
            Some(file) => figment = figment.merge(Toml::file_exact(file)),
            None if Path::new(FILE).is_file() => figment = figment.merge(Toml::file_exact(FILE)),
            None => {}
        }
        figment = figment.merge(environment::provider());
        for text in environment::texts() {
            figment = figment.merge(text);
        }
        let mut config: Self = figment.extract().map_err(|error| anyhow::anyhow!("{}", one_line(&error)))?;
        config.storage = environment::storage();
        config.check()
    }

    fn check(mut self) -> anyhow::Result<Self> {
        // a set: neither order nor repetition means anything
        self.payments.paid_statuses.sort();
        self.payments.paid_statuses.dedup();
        self.timezone()?;
        if self.warehouse.memory_mib < 128 {
            bail!("[warehouse] memory_mib is {}: a close needs at least 128", self.warehouse.memory_mib);
        }
        if self.warehouse.keep_publications == 0 {
            bail!("[warehouse] keep_publications is 0: the last publication stays, so it is at least 1");
        }
        if !(0.0..=1.0).contains(&self.load.max_reject_ratio) {
            bail!("[load] max_reject_ratio is {}: it is a share, from 0 to 1", self.load.max_reject_ratio);
        }
        if self.payments.paid_statuses.is_empty() {
            bail!("[payments] paid_statuses is empty: name at least one status that means paid");
        }
        self.schedule.check()?;
        self.alert.check()?;
        self.openlineage.check()?;
        self.http.check()?;
        self.webhooks.check()?;
        self.landing_url()?;
        let warehouse = self.warehouse_url()?;
        if self.warehouse.backend == Backend::Snowflake && warehouse.scheme() != "s3" {
            bail!(
                "[warehouse] url is {warehouse}: Snowflake reads dumps from Amazon S3, so it is s3://bucket/prefix"
            );
        }
        Ok(self)
    }

    pub(crate) fn timezone(&self) -> anyhow::Result<BusinessTimezone> {
        self.business_timezone.parse().context("business_timezone")
    }

    pub(crate) fn landing_url(&self) -> anyhow::Result<Url> {
        self.url_or_folder("[landing] url", self.landing.url.as_deref(), "landing")
    }

    pub(crate) fn warehouse_url(&self) -> anyhow::Result<Url> {
        self.url_or_folder("[warehouse] url", self.warehouse.url.as_deref(), "warehouse")
    }

    fn url_or_folder(&self, key: &str, url: Option<&str>, folder: &str) -> anyhow::Result<Url> {
        match url {
            Some(url) => location(url).with_context(|| key.to_owned()),
            None => folder_url(&self.data_dir.join(folder)),
        }
    }
}

/// A URL, or a path of this machine as one.
pub(crate) fn location(text: &str) -> anyhow::Result<Url> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "file" | "s3" | "s3a") => Ok(url),
        Ok(url) if text.contains("://") => {
            bail!("'{text}' is a {} URL: use a path, file:///… or s3://…", url.scheme())
        }
        _ => folder_url(Path::new(text)),
    }
}

fn folder_url(path: &Path) -> anyhow::Result<Url> {
    let absolute =
        std::path::absolute(path).with_context(|| format!("'{}' is not a path", path.display()))?;
    Url::from_file_path(&absolute).map_err(|()| anyhow::anyhow!("'{}' is not a path", path.display()))
}

/// `text`, the value of `key`, as the URL of a web server. It may hold a secret, so errors do not show it.
fn http_url(key: &str, text: &str) -> anyhow::Result<Url> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => bail!("{key} is not a URL that begins with https:// or http://"),
    }
}

fn one_line(error: &figment::Error) -> String {
    let source = error.metadata.as_ref().and_then(|metadata| metadata.source.as_ref());
    let place = source.map(|source| format!(" ({source})")).unwrap_or_default();
    let key = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path.join(".")) };
    format!("configuration: {key}{}{place}", secrets::problem(error))
}
