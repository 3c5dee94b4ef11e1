//! Books of a test's own: a database, a warehouse, and a clock to set.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{NaiveDateTime, TimeDelta};
use daybook_model::{BusinessTimezone, Clock, PartitionDate, Registry, compile};
use daybook_ods::{LoadOptions, LoadReport, Ods};
use daybook_pipeline::{Close, ClosePeriod, ClosePlan, CloseReport, CloseSettings, PipelineError};
use daybook_shop::{Arrival, Delivery};
use daybook_snowflake_api::{ClientOptions, Credentials, PrivateKey};
use daybook_storage::StorageOptions;
use daybook_testkit::{Snowflake, TestBucket, TestDatabase};
use daybook_warehouse::delta::DeltaWarehouse;
use daybook_warehouse::snowflake::{SnowflakeSettings, SnowflakeWarehouse};
use daybook_warehouse::{Storage, Warehouse};
use tempfile::TempDir;
use url::Url;

/// What the law speaks of: the fact, the marts, and what analysts see of the catalogue and the customers.
pub(crate) const BOOKS: &[&str] = &[
    "dwd_orders_variant_status",
    "app_daily_revenue",
    "app_daily_product_sales",
    "app_daily_customer_sales",
    "app_daily_revenue_by_payment_date",
    "app_order_payments",
    "app_customer_lifetime",
    "app_variant_price_changes",
    "app_variant_daily_price",
    "app_variant_lowest_price_30d",
    "app_stalled_products",
    "app_unmatched",
    "app_sales",
    "int_customer_orders",
    "dim_product",
    "dim_customer_orders",
    "closed_dates",
];

/// What is configured by default.
const MEMORY: usize = 2048 * 1024 * 1024;

pub(crate) struct Books {
    pub(crate) database: TestDatabase,
    pub(crate) folder: TempDir,
    pub(crate) warehouse: Box<dyn Warehouse>,
    place: Place,
    pub(crate) registry: Arc<Registry>,
    pub(crate) settings: CloseSettings,
}

/// Where the books are kept.
enum Place {
    /// In the folder.
    Delta,
    Bucket(TestBucket),
    Snowflake(Box<(Snowflake, TestBucket)>),
}

pub(crate) fn day(text: &str) -> PartitionDate {
    text.parse().unwrap()
}

pub(crate) fn time(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

/// Two hours after the day has ended.
pub(crate) fn close_of(date: PartitionDate) -> NaiveDateTime {
    BusinessTimezone::UTC.end_of(date) + TimeDelta::hours(2)
}

impl Books {
    pub(crate) async fn new() -> Self {
        Self::with(Arc::new(Registry::shipped().unwrap())).await
    }

    pub(crate) async fn with(registry: Arc<Registry>) -> Self {
        Self::at(Place::Delta, registry).await
    }

    /// Books in a bucket.
    pub(crate) async fn in_bucket() -> Self {
        let place = Place::Bucket(TestBucket::create().await.unwrap());
        Self::at(place, Arc::new(Registry::shipped().unwrap())).await
    }

    /// Books in the stand-in for Snowflake.
    pub(crate) async fn in_snowflake() -> Self {
        let place = (Snowflake::start().await.unwrap(), TestBucket::create().await.unwrap());
        Self::at(Place::Snowflake(Box::new(place)), Arc::new(Registry::shipped().unwrap())).await
    }

    async fn at(place: Place, registry: Arc<Registry>) -> Self {
        let database = empty_database().await;
        let folder = tempfile::tempdir().unwrap();
        Self {
            database,
            warehouse: place.warehouse(folder.path(), &registry),
            place,
            folder,
            registry,
            settings: CloseSettings {
                timezone: BusinessTimezone::UTC,
                buffer: TimeDelta::hours(2),
                paid_statuses: vec!["success".to_owned()],
                retention_days: 3,
                keep_publications: 30,
            },
        }
    }

    /// What another process would open.
    pub(crate) fn another_warehouse(&self) -> Box<dyn Warehouse> {
        self.place.warehouse(self.folder.path(), &self.registry)
    }

    /// Goes on with other models.
    pub(crate) fn use_models(&mut self, registry: Arc<Registry>) {
        self.warehouse = self.place.warehouse(self.folder.path(), &registry);
        self.registry = registry;
    }

    pub(crate) async fn ods(&self, now: NaiveDateTime) -> Ods {
        Ods::connect(&self.database.url(), Clock::fixed(now)).await.unwrap()
    }

    pub(crate) async fn load(&self, now: NaiveDateTime, path: &Path) -> Vec<LoadReport> {
        let url = Url::from_file_path(path).unwrap();
        self.ods(now).await.load(&url, &LoadOptions::default(), &|_| {}).await.unwrap()
    }

    /// Lays down `files` as one batch and loads it.
    pub(crate) async fn load_batch(
        &self,
        now: NaiveDateTime,
        name: &str,
        files: &[(&str, &str)],
    ) -> Vec<LoadReport> {
        let batch = self.folder.path().join("landing").join(name);
        std::fs::create_dir_all(&batch).unwrap();
        for (file, content) in files {
            std::fs::write(batch.join(file), content).unwrap();
        }
        self.load(now, &batch).await
    }

    /// Loads payment events.
    pub(crate) async fn load_payments(
        &self,
        now: NaiveDateTime,
        name: &str,
        events: &str,
    ) -> Vec<LoadReport> {
        let path = self.folder.path().join(format!("transactions-{name}.ndjson"));
        std::fs::write(&path, events).unwrap();
        self.load(now, &path).await
    }

    pub(crate) async fn deliver(&self, now: NaiveDateTime, arrival: &Arrival) {
        match &arrival.delivery {
            Delivery::Sql { statement } => self.ods(now).await.execute(statement).await.unwrap(),
            delivery => {
                let path = delivery.write_to(&self.folder.path().join("landing")).unwrap().unwrap();
                self.load(now, &path).await;
            }
        }
    }

    pub(crate) async fn try_close(
        &self,
        now: NaiveDateTime,
        period: ClosePeriod,
    ) -> Result<CloseReport, PipelineError> {
        let ods = self.ods(now).await;
        self.closing(&ods).run(period).await
    }

    fn closing<'a>(&'a self, ods: &'a Ods) -> Close<'a> {
        Close {
            ods,
            warehouse: self.warehouse.as_ref(),
            registry: &self.registry,
            settings: &self.settings,
            progress: &|_| {},
        }
    }

    pub(crate) async fn plan_at(&self, now: NaiveDateTime, period: ClosePeriod) -> ClosePlan {
        self.closing(&self.ods(now).await).plan(period).await.unwrap()
    }

    pub(crate) async fn try_rebuild(
        &self,
        now: NaiveDateTime,
        models: &[&str],
    ) -> Result<CloseReport, PipelineError> {
        let models = models.iter().map(|name| (*name).to_owned()).collect();
        self.closing(&self.ods(now).await).rebuild(&models).await
    }

    pub(crate) async fn rebuild(&self, now: NaiveDateTime, models: &[&str]) -> CloseReport {
        self.try_rebuild(now, models).await.unwrap()
    }

    pub(crate) async fn close(&self, now: NaiveDateTime, period: ClosePeriod) -> CloseReport {
        self.try_close(now, period).await.unwrap()
    }

    pub(crate) async fn close_day(&self, date: PartitionDate) -> CloseReport {
        self.close(close_of(date), ClosePeriod::Days { from: date, to: date }).await
    }

    /// The answer's rows, cells joined by `|`.
    pub(crate) async fn query(&self, sql: &str) -> Vec<String> {
        let sql = compile::question(sql, self.warehouse.dialect()).unwrap();
        cells(&self.warehouse.query(&sql, &[]).await.unwrap().collect().await.unwrap())
    }

    /// All rows of a table, in an order of their own.
    pub(crate) async fn table(&self, name: &str) -> Vec<String> {
        let mut rows = self.query(&format!("select * from {name}")).await;
        rows.sort_unstable();
        rows
    }

    /// Asserts that every table of [`BOOKS`] holds the same rows as in `other`.
    pub(crate) async fn assert_same_as(&self, other: &Self, what: &str) {
        for name in BOOKS {
            let (mine, others) = (self.table(name).await, other.table(name).await);
            let missing: Vec<_> =
                others.iter().filter(|row| mine.binary_search(row).is_err()).take(5).collect();
            let extra: Vec<_> =
                mine.iter().filter(|row| others.binary_search(row).is_err()).take(5).collect();
            assert!(mine == others, "{what}: {name} differs; missing {missing:#?}, extra {extra:#?}");
        }
    }
}

/// A database that has the ODS's tables, and nothing in them.
pub(crate) async fn empty_database() -> TestDatabase {
    let database = TestDatabase::create().await.unwrap();
    let ods = Ods::connect(&database.url(), Clock::default()).await.unwrap();
    ods.migrate().await.unwrap();
    daybook_pipeline::migrate(ods.pool()).await.unwrap();
    database
}

/// Each row's cells, joined by `|`.
pub(crate) fn cells(batches: &[RecordBatch]) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in batches {
        let options = FormatOptions::default().with_null("-");
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

impl Place {
    fn warehouse(&self, folder: &Path, registry: &Arc<Registry>) -> Box<dyn Warehouse> {
        let registry = Arc::clone(registry);
        match self {
            Self::Delta => {
                let url = Url::from_directory_path(folder.join("warehouse")).unwrap();
                let storage = Storage::open(&url, &StorageOptions::default()).unwrap();
                Box::new(DeltaWarehouse::new(storage, registry, MEMORY).unwrap())
            }
            Self::Bucket(bucket) => {
                Box::new(DeltaWarehouse::new(in_bucket(bucket), registry, MEMORY).unwrap())
            }
            Self::Snowflake(place) => {
                let (server, bucket) = place.as_ref();
                Box::new(SnowflakeWarehouse::new(settings(server), in_bucket(bucket), registry).unwrap())
            }
        }
    }
}

fn in_bucket(bucket: &TestBucket) -> Storage {
    let options = StorageOptions::from_variables(bucket.variables());
    Storage::open(&bucket.url("warehouse").parse().unwrap(), &options).unwrap()
}

fn settings(server: &Snowflake) -> SnowflakeSettings {
    let key = PrivateKey::from_pem(server.private_key(), None).unwrap();
    let credentials = Credentials::KeyPair { user: "daybook".to_owned(), key };
    SnowflakeSettings {
        client: ClientOptions {
            endpoint: Some(server.endpoint().parse().unwrap()),
            ..ClientOptions::new("myorg-shop".parse().unwrap(), credentials)
        },
        database: server.database().to_owned(),
        schema: "books".to_owned(),
        storage_integration: "daybook_s3".to_owned(),
        clustering: false,
        budget: None,
    }
}
