//! A warehouse of a test's own.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use daybook_model::manifest::Manifest;
use daybook_model::{ModelFiles, PartitionDate, Registry, compile};
use daybook_snowflake_api::{
    Account, Client, ClientOptions, Credentials, Patience, PrivateKey, SecretString, Session, Statement,
};
use daybook_storage::StorageOptions;
use daybook_testkit::{FaultProxy, Snowflake, TestBucket};
use daybook_warehouse::delta::DeltaWarehouse;
use daybook_warehouse::snowflake::{SnowflakeSettings, SnowflakeWarehouse};
use daybook_warehouse::{Build, Publication, PublicationDraft, Storage, Warehouse, WarehouseError};
use tempfile::TempDir;
use url::Url;

use crate::dump::{Rows, dump};

const MEMORY: usize = 512 * 1024 * 1024;

/// What a scenario builds, in this order: some of each layer.
const BUILT: [&str; 6] = [
    "orders",
    "order_lines",
    "transaction",
    "int_order_payments",
    "dwd_orders_variant_status",
    "app_daily_revenue",
];

pub(crate) struct World {
    pub(crate) warehouse: Box<dyn Warehouse>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) place: Place,
    runs: i64,
}

/// Where a warehouse lies.
pub(crate) enum Place {
    Delta(TempDir),
    Snowflake(Box<StandIn>),
    Account { schema: String },
}

/// The stand-in for Snowflake, behind a network that breaks where a test wants it to, and a bucket.
pub(crate) struct StandIn {
    pub(crate) server: Snowflake,
    pub(crate) proxy: FaultProxy,
    pub(crate) bucket: TestBucket,
}

impl World {
    pub(crate) async fn delta() -> Self {
        Self::at(Place::Delta(tempfile::tempdir().unwrap()))
    }

    pub(crate) async fn snowflake() -> Self {
        let server = Snowflake::start().await.unwrap();
        let proxy = FaultProxy::before_server(&server.endpoint()).await.unwrap();
        let bucket = TestBucket::create().await.unwrap();
        Self::at(Place::Snowflake(Box::new(StandIn { server, proxy, bucket })))
    }

    pub(crate) async fn account() -> Self {
        let unique = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        Self::at(Place::Account { schema: format!("DAYBOOK_TEST_{unique}") })
    }

    fn at(place: Place) -> Self {
        let registry = Arc::new(Registry::shipped().unwrap());
        Self { warehouse: place.open(&registry), registry, place, runs: 0 }
    }

    /// Goes on with other models over the shipped ones.
    pub(crate) fn use_models(&mut self, files: &[(&str, &str)]) {
        let files: ModelFiles =
            files.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect();
        self.registry = Arc::new(Registry::with_folder("models", &files).unwrap());
        self.warehouse = self.place.open(&self.registry);
    }

    /// Removes what lies in an account.
    pub(crate) async fn clean(self) {
        let Place::Account { schema } = &self.place else { return };
        let settings = account_settings(schema);
        let database = settings.database.clone();
        let client = Client::new(settings.client).unwrap();
        let builds = (0..=self.runs).map(|run| format!("{schema}_NEXT_{run}"));
        for schema in builds.chain([schema.clone()]) {
            let sql = format!("drop schema if exists \"{database}\".\"{schema}\"");
            client.execute(&Statement::new(sql)).await.unwrap();
        }
    }

    /// What another process would open.
    pub(crate) fn another(&self) -> Box<dyn Warehouse> {
        self.place.open(&self.registry)
    }

    pub(crate) async fn dump(&mut self, rows: Rows<'_>) -> Manifest {
        self.runs += 1;
        dump(self.warehouse.storage(), &self.registry, self.runs, rows).await
    }

    /// A build that has staged a dump of `rows`.
    pub(crate) async fn staged(&mut self, rows: Rows<'_>) -> Box<dyn Build> {
        let manifest = self.dump(rows).await;
        let mut build = self.warehouse.begin(self.runs, &["success".to_owned()]).await.unwrap();
        build.stage(&manifest).await.unwrap();
        build
    }

    /// A build of some of each layer for `dates`, all of which it closes.
    pub(crate) async fn built(&mut self, rows: Rows<'_>, dates: &[&str]) -> Box<dyn Build> {
        let mut build = self.staged(rows).await;
        let before = self.warehouse.published().await.unwrap().unwrap_or_default();
        let dates = days(dates);
        build.set_closed_dates(&before.draft.closed_dates.union(&dates).copied().collect()).await.unwrap();
        for name in BUILT {
            build.materialize(self.registry.get(name).unwrap(), &dates).await.unwrap();
        }
        build
    }

    /// Publishes `build`, closing `dates`.
    pub(crate) async fn publish(
        &self,
        build: Box<dyn Build>,
        dates: &[&str],
    ) -> Result<Publication, WarehouseError> {
        let before = self.warehouse.published().await?.unwrap_or_default();
        let mut draft = PublicationDraft {
            run_id: self.runs,
            business_timezone: "UTC".to_owned(),
            paid_statuses: vec!["success".to_owned()],
            models: self.registry.fingerprints().clone(),
            ..before.draft
        };
        draft.closed_dates.extend(days(dates));
        build.publish(draft).await
    }

    pub(crate) async fn close(&mut self, rows: Rows<'_>, dates: &[&str]) -> Publication {
        let build = self.built(rows, dates).await;
        self.publish(build, dates).await.unwrap()
    }

    /// The rows of a reader's answer, cells joined by `|`.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<String> {
        self.try_ask(sql).await.unwrap()
    }

    pub(crate) async fn try_ask(&self, sql: &str) -> Result<Vec<String>, WarehouseError> {
        let sql = compile::question(sql, self.warehouse.dialect()).unwrap();
        Ok(cells(&self.warehouse.query(&sql, &[]).await?.collect().await?))
    }

    /// The same of a build's answer.
    pub(crate) async fn ask_build(&self, build: &dyn Build, sql: &str) -> Vec<String> {
        let sql = compile::question(sql, build.dialect()).unwrap();
        cells(&build.query(&sql).await.unwrap().collect().await.unwrap())
    }

    pub(crate) fn stand_in(&self) -> &StandIn {
        match &self.place {
            Place::Snowflake(stand_in) => stand_in,
            Place::Delta(_) | Place::Account { .. } => panic!("not the stand-in"),
        }
    }
}

impl Place {
    fn open(&self, registry: &Arc<Registry>) -> Box<dyn Warehouse> {
        match self {
            Self::Delta(folder) => {
                let url = Url::from_directory_path(folder.path()).unwrap();
                let storage = Storage::open(&url, &StorageOptions::default()).unwrap();
                Box::new(DeltaWarehouse::new(storage, Arc::clone(registry), MEMORY).unwrap())
            }
            Self::Snowflake(stand_in) => {
                Box::new(stand_in.open(registry, SnowflakeSettings { ..stand_in.settings() }))
            }
            Self::Account { schema } => {
                let url = variable("DAYBOOK_WAREHOUSE_URL").unwrap();
                let url = format!("{}/{schema}/", url.trim_end_matches('/')).parse().unwrap();
                let storage = Storage::open(&url, &StorageOptions::from_variables(std::env::vars())).unwrap();
                let settings = account_settings(schema);
                Box::new(SnowflakeWarehouse::new(settings, storage, Arc::clone(registry)).unwrap())
            }
        }
    }
}

impl StandIn {
    /// Somebody else who uses the account.
    pub(crate) fn client(&self) -> Client {
        let session = Session { database: Some(self.server.database().to_owned()), ..Session::default() };
        Client::new(ClientOptions { session, ..self.settings().client }).unwrap()
    }

    pub(crate) fn settings(&self) -> SnowflakeSettings {
        let key = PrivateKey::from_pem(self.server.private_key(), None).unwrap();
        let account: Account = "myorg-shop".parse().unwrap();
        let credentials = Credentials::KeyPair { user: "daybook".to_owned(), key };
        SnowflakeSettings {
            client: ClientOptions {
                endpoint: Some(self.proxy.endpoint().parse().unwrap()),
                patience: impatient(),
                ..ClientOptions::new(account, credentials)
            },
            database: self.server.database().to_owned(),
            schema: "books".to_owned(),
            storage_integration: "daybook_s3".to_owned(),
            clustering: false,
            budget: None,
        }
    }

    pub(crate) fn open(&self, registry: &Arc<Registry>, settings: SnowflakeSettings) -> SnowflakeWarehouse {
        let options = StorageOptions::from_variables(self.bucket.variables());
        let url = self.bucket.url("warehouse").parse().unwrap();
        let storage = Storage::open(&url, &options).unwrap();
        SnowflakeWarehouse::new(settings, storage, Arc::clone(registry)).unwrap()
    }
}

/// Waits so little between two tries that a test need not.
fn impatient() -> Patience {
    Patience {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(10),
        retries: 3,
        first_poll: Duration::from_millis(5),
        longest_poll: Duration::from_millis(50),
        ..Patience::default()
    }
}

fn account_settings(schema: &str) -> SnowflakeSettings {
    let needed = |name: &str| variable(name).unwrap_or_else(|| panic!("set {name}"));
    let account: Account = needed("DAYBOOK_SNOWFLAKE_ACCOUNT").parse().unwrap();
    let pem = std::fs::read_to_string(Path::new(&needed("DAYBOOK_SNOWFLAKE_PRIVATE_KEY"))).unwrap();
    let passphrase = variable("DAYBOOK_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE").map(SecretString::from);
    let key = PrivateKey::from_pem(&pem, passphrase.as_ref()).unwrap();
    let credentials = Credentials::KeyPair { user: needed("DAYBOOK_SNOWFLAKE_USER"), key };
    let session = Session {
        role: variable("DAYBOOK_SNOWFLAKE_ROLE"),
        warehouse: variable("DAYBOOK_SNOWFLAKE_WAREHOUSE"),
        ..Session::default()
    };
    SnowflakeSettings {
        client: ClientOptions { session, ..ClientOptions::new(account, credentials) },
        database: needed("DAYBOOK_SNOWFLAKE_DATABASE"),
        schema: schema.to_owned(),
        storage_integration: needed("DAYBOOK_SNOWFLAKE_STORAGE_INTEGRATION"),
        clustering: false,
        budget: None,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(crate) fn days(texts: &[&str]) -> BTreeSet<PartitionDate> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Each row's cells, joined by `|`.
pub(crate) fn cells(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("-");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells = columns.iter().map(|column| column.value(row).to_string());
            rows.push(cells.collect::<Vec<_>>().join("|"));
        }
    }
    rows
}
