//! The back end in Snowflake, asked through its SQL API.
//!
//! Readers have a schema with a table for every stored model and a view for every other one. A build works in a schema
//! beside it: it copies the dump from the object store into staging tables, makes the rows of the dates that it builds in
//! tables that nobody else reads, and is looked at there. Publishing replaces these dates in all tables, and the pin that
//! says which publication counts, in one transaction. A statement of a reader sees what was committed when it began.
//!
//! Every request is a session of its own. Nothing is sent while nothing is asked, so that Snowflake's warehouse is
//! suspended when its time has come.

mod answer;
mod build;
mod costs;
mod doctor;
mod explain;
mod names;
mod objects;
mod publications;
mod publish;
mod question;
mod schema;
mod session;
mod vacuum;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use daybook_model::{Dialect, Registry};
use daybook_snowflake_api::statements::literal;
use daybook_snowflake_api::{Client, ClientOptions, Credentials, Session as Surroundings};

use crate::{
    Build, Check, Cost, DUMPS, Explanation, LOOK, Publication, QueryResult, Storage, VacuumMetrics,
    Warehouse, WarehouseError,
};
use answer::answer;
use build::{SnowflakeBuild, State};
use names::Names;
use objects::Objects;
use publications::Publications;
use session::Session;

/// The stage that shows the dumps.
const STAGE: &str = "daybook_dumps";

/// What to know of an account.
#[derive(Debug)]
pub struct SnowflakeSettings {
    /// Who asks, where, and how patiently. Database and schema of its session are not used.
    pub client: ClientOptions,
    /// The database, which has to be there.
    pub database: String,
    /// The schema that readers ask; those of builds are called the same with `_NEXT_` and the run's number behind it.
    pub schema: String,
    /// The storage integration that may read the dumps.
    pub storage_integration: String,
    /// Whether Snowflake shall keep rows together by itself, which costs credits: sorted inserts do for most.
    pub clustering: bool,
    /// How long the statements of one run may take together.
    pub budget: Option<Duration>,
}

/// What objects are made of.
struct Settings {
    storage_integration: String,
    clustering: bool,
}

/// A warehouse in Snowflake.
pub struct SnowflakeWarehouse {
    storage: Storage,
    registry: Arc<Registry>,
    client: Client,
    names: Names,
    settings: Settings,
    budget: Option<Duration>,
    /// The name by which a person knows who asks.
    user: String,
}

impl SnowflakeWarehouse {
    /// The warehouse that `settings` name, whose dumps lie in `storage`, holding the models of `registry`. Nothing is
    /// sent yet.
    ///
    /// # Errors
    /// When the storage is none that Snowflake can read, or database, schema or account cannot be.
    pub fn new(
        settings: SnowflakeSettings,
        storage: Storage,
        registry: Arc<Registry>,
    ) -> Result<Self, WarehouseError> {
        if storage.url.scheme() != "s3" {
            let problem = "Snowflake reads dumps from Amazon S3: set [warehouse] url to s3://bucket/prefix";
            return Err(WarehouseError::Location {
                url: storage.url.to_string(),
                problem: problem.to_owned(),
            });
        }
        let names = Names::new(&settings.database, &settings.schema)?;
        let mut client = settings.client;
        let user = match &client.credentials {
            Credentials::KeyPair { user, .. } => user.clone(),
            Credentials::OAuth(_) | Credentials::ProgrammaticAccessToken(_) => "the token's user".to_owned(),
        };
        client.session = Surroundings {
            database: Some(names.database.as_str().to_owned()),
            schema: None,
            ..client.session
        };
        Ok(Self {
            storage,
            registry,
            client: Client::new(client)?,
            names,
            settings: Settings {
                storage_integration: settings.storage_integration,
                clustering: settings.clustering,
            },
            budget: settings.budget,
            user,
        })
    }

    /// Statements that are marked as what they are for.
    fn session(&self, purpose: &str, budget: Option<Duration>) -> Session {
        Session::new(self.client.clone(), self.mark(purpose), budget)
    }

    fn mark(&self, purpose: &str) -> String {
        let Names { database, published, .. } = &self.names;
        format!("daybook {}.{} {purpose}", database.as_str(), published.as_str())
    }

    /// A reader's statements.
    fn reader(&self) -> Session {
        self.session("reader", None).in_schema(&self.names.published)
    }

    /// Creates what is missing; gives what there is. Only a run may replace anything.
    async fn create_in(&self, session: &Session, may_replace: bool) -> Result<State, WarehouseError> {
        let publications = Publications::new(&self.names)?;
        let current = publications.current(session).await?;
        let published = current.as_ref().map(|(_, publication)| publication.clone()).unwrap_or_default();
        let dumps = self.storage.folder_url(DUMPS);
        let objects = Objects {
            names: &self.names,
            registry: &self.registry,
            settings: &self.settings,
            dumps: dumps.as_str(),
            published: &published,
            may_replace,
        };
        let displaced = objects.create(session).await?;
        let current = match current {
            Some(current) => Some(current),
            None => publications.current(session).await?,
        };
        let (pin, publication) = current.ok_or(WarehouseError::NothingPublished)?;
        Ok(State { pin, publication, displaced })
    }

    /// That there is nothing to ask, if this is why asking failed.
    async fn unless_unpublished(&self, error: WarehouseError) -> WarehouseError {
        match self.published().await {
            Ok(None) => WarehouseError::NothingPublished,
            _ => error,
        }
    }
}

#[async_trait]
impl Warehouse for SnowflakeWarehouse {
    fn storage(&self) -> &Storage {
        &self.storage
    }

    fn dialect(&self) -> Dialect {
        Dialect::Snowflake
    }

    async fn create(&self) -> Result<(), WarehouseError> {
        self.create_in(&self.session("init", None), false).await.map(drop)
    }

    async fn published(&self) -> Result<Option<Publication>, WarehouseError> {
        let current = Publications::new(&self.names)?.current(&self.session("reader", None)).await?;
        Ok(current.map(|(_, publication)| publication).filter(|publication| publication.number > 0))
    }

    async fn query(&self, sql: &str, parameters: &[&str]) -> Result<QueryResult, WarehouseError> {
        match self.reader().ask("query", question::checked(sql)?, parameters).await {
            Ok(result) => Ok(answer(result)),
            Err(error) => Err(self.unless_unpublished(error).await),
        }
    }

    async fn explain(&self, sql: &str) -> Result<Explanation, WarehouseError> {
        match self.explain_in(&self.reader(), question::checked(sql)?).await {
            Ok(explanation) => Ok(explanation),
            Err(error) => Err(self.unless_unpublished(error).await),
        }
    }

    /// What builds leave lies in a schema of their own, which goes every time.
    async fn vacuum(&self, keep: usize, _leftovers: bool) -> Result<VacuumMetrics, WarehouseError> {
        self.vacuum_to(keep.max(1) as u64).await
    }

    /// `show` needs no running warehouse.
    async fn ping(&self) -> Result<(), WarehouseError> {
        let Names { database, published, .. } = &self.names;
        let sql = format!("show schemas like {} in database {database}", literal(published.as_str()));
        self.session("reader", None).ask("ping", &sql, &[]).await.map(drop)
    }

    async fn diagnose(&self) -> Vec<Check> {
        self.diagnose_all().await
    }

    async fn begin(&self, run_id: i64, paid_statuses: &[String]) -> Result<Box<dyn Build>, WarehouseError> {
        let session = self.session(&run_id.to_string(), self.budget);
        let before = self.create_in(&session, run_id != LOOK).await?;
        if run_id != LOOK {
            self.drop_builds(&session).await?;
        }
        let (names, storage) = (self.names.of_build(run_id)?, self.storage.clone());
        let registry = Arc::clone(&self.registry);
        let build = SnowflakeBuild::begin(names, storage, registry, &session, before, paid_statuses).await?;
        Ok(Box::new(build))
    }

    async fn costs(&self, run_id: i64) -> Result<BTreeMap<String, Cost>, WarehouseError> {
        self.costs_of(run_id).await
    }
}
