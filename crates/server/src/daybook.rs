//! The parts of Daybook, put together as configured.

use std::sync::{Arc, OnceLock};

use anyhow::Context;
use daybook_local_postgres::{LocalPostgres, Settings};
use daybook_model::{Clock, Registry};
use daybook_ods::{LoadOptions, LoadRoute, Ods};
use daybook_pipeline::CloseSettings;
use daybook_warehouse::delta::DeltaWarehouse;
use daybook_warehouse::snowflake::SnowflakeWarehouse;
use daybook_warehouse::{Storage, Warehouse};

use crate::config::{Backend, Config, Route};
use crate::model_folder;
use crate::timetable::Timetable;

/// Daybook as configured; parts start when they are needed.
pub(crate) struct Daybook {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    registry: OnceLock<Arc<Registry>>,
    warehouse: OnceLock<Arc<dyn Warehouse>>,
}

/// A connected ODS, and the private server that it lives on, if it is the embedded one.
pub(crate) struct OpenOds {
    pub(crate) ods: Ods,
    pub(crate) local: Option<LocalPostgres>,
}

impl Daybook {
    pub(crate) fn new(config: Config, clock: Clock) -> Self {
        Self { config, clock, registry: OnceLock::new(), warehouse: OnceLock::new() }
    }

    /// The models, with the user's own; read when they are first needed.
    pub(crate) fn registry(&self) -> anyhow::Result<Arc<Registry>> {
        if let Some(registry) = self.registry.get() {
            return Ok(Arc::clone(registry));
        }
        let registry = Arc::new(model_folder::registry(&self.config.models)?);
        Ok(Arc::clone(self.registry.get_or_init(|| registry)))
    }

    /// Connects to the ODS, after starting the embedded one if none is configured, and brings its schema up to date.
    pub(crate) async fn open_ods(&self) -> anyhow::Result<OpenOds> {
        let local = match &self.config.ods.url {
            Some(_) => None,
            None => Some(start_local(&self.config).await?),
        };
        let url = match (&self.config.ods.url, &local) {
            (Some(url), _) => url.clone(),
            (None, Some(local)) => local.url(),
            (None, None) => anyhow::bail!("there is no operational data store: set [ods] url"),
        };
        let ods = Ods::connect(&url, self.clock).await?;
        ods.migrate().await?;
        daybook_pipeline::migrate(ods.pool()).await?;
        Ok(OpenOds { ods, local })
    }

    /// The warehouse, one for all who ask: its memory is bounded once, and what it has read is remembered. Opened when it
    /// is first needed; if that fails, again by the next who asks.
    pub(crate) fn warehouse(&self) -> anyhow::Result<Arc<dyn Warehouse>> {
        if let Some(warehouse) = self.warehouse.get() {
            return Ok(Arc::clone(warehouse));
        }
        let warehouse = self.open_warehouse()?;
        Ok(Arc::clone(self.warehouse.get_or_init(|| warehouse)))
    }

    fn open_warehouse(&self) -> anyhow::Result<Arc<dyn Warehouse>> {
        let storage = Storage::open(&self.config.warehouse_url()?, &self.config.storage)?;
        match self.config.warehouse.backend {
            Backend::Delta => {
                let memory = self.config.warehouse.memory_mib.saturating_mul(1024 * 1024);
                Ok(Arc::new(DeltaWarehouse::new(storage, self.registry()?, memory)?))
            }
            Backend::Snowflake => {
                let settings = self.config.snowflake.settings()?;
                Ok(Arc::new(SnowflakeWarehouse::new(settings, storage, self.registry()?)?))
            }
        }
    }

    pub(crate) fn load_options(&self) -> anyhow::Result<LoadOptions> {
        Ok(LoadOptions {
            paid_statuses: self.config.payments.paid_statuses.clone(),
            max_reject_ratio: self.config.load.max_reject_ratio,
            timezone: self.config.timezone()?,
            pair_patience: chrono::TimeDelta::minutes(self.config.load.pair_patience_minutes.into()),
            storage: self.config.storage.clone(),
            route: match self.config.load.route {
                Route::Client => LoadRoute::Client,
                Route::AwsS3 => LoadRoute::AwsS3,
            },
        })
    }

    /// When the schedule closes days.
    pub(crate) fn timetable(&self) -> anyhow::Result<Timetable> {
        let minutes = |count: u32| chrono::TimeDelta::minutes(count.into());
        Ok(Timetable {
            timezone: self.config.timezone()?,
            buffer: minutes(self.config.close.buffer_minutes),
            at: self.config.schedule.time()?,
            deadline: self.config.schedule.deadline_minutes.map(minutes),
        })
    }

    pub(crate) fn close_settings(&self) -> anyhow::Result<CloseSettings> {
        Ok(CloseSettings {
            timezone: self.config.timezone()?,
            buffer: chrono::TimeDelta::minutes(self.config.close.buffer_minutes.into()),
            paid_statuses: self.config.payments.paid_statuses.clone(),
            retention_days: self.config.retention.days,
            keep_publications: self.config.warehouse.keep_publications,
        })
    }
}

impl OpenOds {
    /// Lets go of the ODS; the embedded server stops with its last user.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.ods.pool().close().await;
        if let Some(local) = self.local {
            tokio::task::spawn_blocking(move || local.stop_if_last()).await??;
        }
        Ok(())
    }
}

async fn start_local(config: &Config) -> anyhow::Result<LocalPostgres> {
    let folder = config.data_dir.join("postgres");
    std::fs::create_dir_all(&config.data_dir)
        .with_context(|| format!("cannot make the data folder {}", config.data_dir.display()))?;
    Ok(tokio::task::spawn_blocking(move || LocalPostgres::start(&folder, &Settings::default())).await??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_ask_share_one_warehouse_once_it_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config { data_dir: folder.path().join("data"), ..Config::default() };
        let daybook = Daybook::new(config, Clock::default());
        std::fs::write(folder.path().join("data"), "a file").unwrap();
        assert!(daybook.warehouse().is_err());

        std::fs::remove_file(folder.path().join("data")).unwrap();
        let (one, other) = (daybook.warehouse().unwrap(), daybook.warehouse().unwrap());
        assert!(Arc::ptr_eq(&one, &other));
    }
}
